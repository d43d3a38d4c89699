"""Carries out every shell block that is marked ``sh runs``, in the order of the pages. Exit code 1 when one fails.

Run by ``tests/docs/run`` on throw-away servers: DATABASE_URL and BROKER_URL lead there. The database is
migrated first, as a reader's is who follows the pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests.docs.pages import ROOT, blocks


def main() -> int:
    prepare = [sys.executable, "-m", "oms.embedded.prepare", "migrate", "sync_roles", "sync_schedule"]
    subprocess.run(prepare, cwd=ROOT, check=True)
    failed = []
    found = [block for block in blocks("sh") if block.runs]
    for block in found:
        print(f"--- {block}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.text], cwd=ROOT, env={**os.environ, "TMPDIR": folder}, check=False
            )  # fmt: skip
        if done.returncode:
            failed.append(f"{block}: exit code {done.returncode}")
    for line in failed:
        print(line, file=sys.stderr)
    print(f"{len(found)} blocks carried out, {len(failed)} failed")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
