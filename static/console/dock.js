/* The dock: scans are counted on the phone, so that a lost connection loses none; every page works without this. */
(function () {
    "use strict";
    var field = document.getElementById("code"), told = document.getElementById("told");
    var form = document.querySelector("form[data-scans]");

    // High and short is good, low and long is bad: heard without looking.
    var audio = null;
    function sound(good) {
        try {
            audio = audio || new AudioContext();
            var tone = audio.createOscillator();
            tone.type = good ? "sine" : "square";
            tone.frequency.value = good ? 880 : 160;
            tone.connect(audio.destination);
            tone.start();
            tone.stop(audio.currentTime + (good ? 0.08 : 0.5));
        } catch (error) { /* no loudspeaker */ }
    }

    // What is said stands in the page, translated; [names] in it are filled in here.
    function words(name, facts) {
        return document.body.dataset[name].replace(/\[(\w+)\]/g, function (all, each) { return facts && each in facts ? facts[each] : all; });
    }

    function say(text, good) {
        told.textContent = text;
        told.className = "told " + (good ? "good" : "bad");
        told.hidden = false;
        sound(good);
        if (!good) {
            if (navigator.vibrate) { navigator.vibrate([200, 80, 200]); }
            window.scrollTo(0, 0);
        }
    }

    function focus() { if (field) { field.focus({preventScroll: true}); } }

    // A scanner types where the focus is: it is always in the scan field, unless something is typed elsewhere.
    document.addEventListener("click", function (event) {
        if (!event.target.closest("input, select, a, summary, label")) { setTimeout(focus, 0); }
    });
    document.addEventListener("change", function (event) { if (event.target.tagName === "SELECT") { focus(); } });
    window.addEventListener("pageshow", focus);
    focus();

    // Without a connection nothing is sent, and nothing is lost.
    document.addEventListener("submit", function (event) {
        if (!navigator.onLine && !event.defaultPrevented) {
            event.preventDefault();
            say(words("offline"), false);
        }
    });
    if (!form) { return; }

    var lines = Array.prototype.slice.call(form.querySelectorAll("[data-line]"));
    function count(line) { return line.querySelector("[data-count]"); }
    function asked(line) { return Number(line.dataset.asked); }
    function now(line) { return Number(count(line).value) || 0; }

    function keep() {
        var counts = {};
        lines.forEach(function (line) { counts[count(line).name] = count(line).value; line.classList.toggle("full", now(line) === asked(line)); });
        try { sessionStorage.setItem("dock:" + form.dataset.keep, JSON.stringify(counts)); } catch (error) { /* a private window */ }
    }

    // A page that was left or reloaded goes on where it was.
    if (form.hasAttribute("data-fresh")) {
        try {
            var kept = JSON.parse(sessionStorage.getItem("dock:" + form.dataset.keep) || "{}");
            lines.forEach(function (line) {
                var n = Number(kept[count(line).name]);
                if (n > 0) { count(line).value = Math.min(n, asked(line)); }
            });
        } catch (error) { /* nothing was kept */ }
    }
    keep();
    form.addEventListener("input", keep);

    function take(line) {
        if (now(line) >= asked(line)) {
            say(words("full", {n: asked(line), name: line.dataset.name}), false);
            return;
        }
        count(line).value = now(line) + 1;
        keep();
        line.scrollIntoView({block: "nearest"});
        say(words("counted", {name: line.dataset.name, n: now(line), of: asked(line)}), true);
    }

    function fitting(code) {
        return lines.filter(function (line) {
            var codes = line.dataset.codes.split("\n").map(function (each) { return each.trim(); });
            return codes.indexOf(code) !== -1 || codes.indexOf(code.toUpperCase()) !== -1;
        });
    }

    function scan(code) {
        var found = fitting(code);
        if (!found.length) { say(words("wrong", {code: code}), false); return; }
        take(found.filter(function (line) { return now(line) < asked(line); })[0] || found[found.length - 1]);
    }

    form.addEventListener("submit", function (event) {
        var by = event.submitter;
        if (by && by.hasAttribute("data-tap")) {
            event.preventDefault();
            take(by.closest("[data-line]"));
        } else if (by && by.value === "scan") {
            var code = field.value.trim();
            // What is not on the list may have come instead: the page knows all items, the phone does not.
            if (code && form.hasAttribute("data-others") && !fitting(code).length) { return; }
            event.preventDefault();
            field.value = "";
            if (code) { scan(code); } else { say(words("empty"), false); }
        }
        focus();
    });
})();
