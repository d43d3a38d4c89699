"""Makes ``.venv`` with the locked packages. Run by the machine's own python3, before anything is installed.

Does nothing when the lock file is the one that was installed. Only what every python3 understands stands
here, so that an old one can say what is wrong with it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOCK = os.path.join(ROOT, "requirements.lock")
UV_LOCK = os.path.join(ROOT, "oms", "embedded", "uv.requirements")
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed")
LEAST = (3, 11)


def wanted():
    """What the stamp says when nothing has to be done."""
    digest = hashlib.sha256()
    for name in (LOCK, UV_LOCK):
        with open(name, "rb") as file:
            digest.update(file.read())
    return "{} {}.{}".format(digest.hexdigest(), *sys.version_info[:2])


def stamped():
    try:
        with open(STAMP) as file:
            return file.read()
    except OSError:
        return ""


def works():
    """Whether the virtual environment is there and of this Python: it outlives a Python that was replaced."""
    told = "import sys; print(*sys.version_info[:2], sep='.')"
    try:
        found = subprocess.run([PYTHON, "-c", told], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return found.stdout.decode().strip() == "{}.{}".format(*sys.version_info[:2])


def newer_python():
    """A python3 on the PATH that is new enough, or None."""
    for minor in range(LEAST[1] + 3, LEAST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    return None


def run(what, *argv, **more):
    """Whether it went well; ``more`` is put into its environment where the environment does not say it already."""
    print(f"          {what}", flush=True)
    return subprocess.call(argv, cwd=ROOT, env={**more, **os.environ}) == 0


def make_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = "{}.{}".format(*sys.version_info[:2])
        sys.exit(
            "This python3 cannot make virtual environments: its venv package is not installed. "
            f"On Debian and Ubuntu type\n\n    sudo apt install python{version}-venv\n\nand run make again."
        )
    shutil.rmtree(VENV, ignore_errors=True)
    if not run("making .venv", sys.executable, "-m", "venv", VENV):
        sys.exit("The virtual environment could not be made; what went wrong is above.")


def install():
    quiet = ("-q", "--disable-pip-version-check")
    pip = (PYTHON, "-m", "pip", "install", *quiet)
    have_uv = run("installing uv", *pip, "--require-hashes", "-r", UV_LOCK)
    exactly = ("--require-hashes", "-r", LOCK)
    # Compiled as pip does it: whoever runs them may not be allowed to write here, and would compile them at each start.
    uv = (PYTHON, "-m", "uv", "pip", "install", "-q", "--compile-bytecode", "--python", PYTHON)
    # A company's proxy shows a certificate that only the machine's store knows; a bare machine may have no store.
    if have_uv and run("installing the locked packages", *uv, *exactly, UV_SYSTEM_CERTS="true"):
        return
    if have_uv and run("once more, with uv's own certificates", *uv, *exactly):
        return
    # uv does not read pip's configuration: where only that one knows the way to the packages, pip is slow but sure.
    if not run("installing them with pip, which takes a minute or two", *pip, *exactly):
        sys.exit("The packages could not be installed; what went wrong is above. Is the network there?")


def main():
    if sys.version_info < LEAST:
        better = newer_python()
        if better is None:
            sys.exit("Python 3.11 or newer is needed; this is {}.{}.".format(*sys.version_info[:2]))
        os.execv(better, [better, os.path.abspath(__file__)])
    # Two makes at once must not install over each other.
    with open(LOCK) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if works():
            if stamped() == wanted():
                return
        else:
            make_venv()
        install()
        with open(STAMP, "w") as file:
            file.write(wanted())


if __name__ == "__main__":
    main()
