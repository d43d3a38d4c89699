/* Small helps of the console; every page works without them. */
(function () {
    "use strict";

    // The person's time zone, so that the server writes times as her clock shows them.
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && document.cookie.indexOf("oms_zone=" + zone) === -1) {
        document.cookie = "oms_zone=" + zone + ";path=/;max-age=31536000;samesite=lax" + (location.protocol === "https:" ? ";secure" : "");
    }

    function typing(target) {
        return target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox");
    }

    // Keys: "/" searches, arrows walk through lists, one letter presses the primary button. A scanner types fast
    // and ends with Enter: what it typed is searched for, wherever the focus was.
    var typed = "", last = 0, timer = null;

    function press(letter) {
        var button = document.querySelector('[data-hotkey="' + CSS.escape(letter) + '"]');
        if (button) { button.focus(); button.click(); }
    }

    function walk(step) {
        var links = Array.prototype.slice.call(document.querySelectorAll("[data-row] .row-link, [data-row-link]"));
        if (!links.length) { return false; }
        var row = document.activeElement && document.activeElement.closest("[data-row], [data-row-link]");
        var at = links.findIndex(function (link) { return row && (row === link || row.contains(link)); });
        var next = links[at === -1 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)];
        next.focus();
        return true;
    }

    document.addEventListener("keydown", function (event) {
        if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) { return; }
        if (event.key === "/") {
            var box = document.getElementById("console-q");
            if (box) { event.preventDefault(); box.focus(); box.select(); }
            return;
        }
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            if (walk(event.key === "ArrowDown" ? 1 : -1)) { event.preventDefault(); }
            return;
        }
        var now = Date.now();
        if (now - last > 100) { typed = ""; }
        last = now;
        if (event.key === "Enter") {
            if (typed.length >= 4) {
                event.preventDefault();
                clearTimeout(timer);
                var form = document.querySelector(".console-search");
                form.elements.q.value = typed;
                form.submit();
            }
            typed = "";
            return;
        }
        if (event.key.length === 1) {
            typed += event.key;
            clearTimeout(timer);
            timer = setTimeout(function () {
                if (typed.length === 1) { press(typed.toLowerCase()); }
                typed = "";
            }, 140);
        }
    });

    document.addEventListener("DOMContentLoaded", function () {
        // Choosing rows shows what can be done with them.
        document.querySelectorAll(".list-form").forEach(function (form) {
            var bar = form.querySelector("[data-bulk]");
            if (!bar) { return; }
            var boxes = form.querySelectorAll('input[name="ids"]');
            var all = form.querySelector("[data-pick-all]");
            function update() {
                var count = form.querySelectorAll('input[name="ids"]:checked').length;
                bar.hidden = !count;
                bar.querySelector("[data-bulk-count]").textContent = bar.getAttribute("data-bulk").replace("[n]", count);
                if (all) { all.checked = count === boxes.length; all.indeterminate = count > 0 && count < boxes.length; }
            }
            form.addEventListener("change", function (event) {
                if (event.target === all) { boxes.forEach(function (box) { box.checked = all.checked; }); }
                update();
            });
            update();
        });
        // One open filter at a time; Escape closes it.
        document.querySelectorAll("details.filter").forEach(function (filter) {
            filter.addEventListener("toggle", function () {
                if (filter.open) {
                    document.querySelectorAll("details.filter[open]").forEach(function (other) { if (other !== filter) { other.open = false; } });
                }
            });
            filter.addEventListener("keydown", function (event) {
                if (event.key === "Escape") { filter.open = false; filter.querySelector("summary").focus(); }
            });
        });
        // A second click on a button that is already on its way does nothing (the server makes sure anyway).
        document.querySelectorAll('form[method="post"]').forEach(function (form) {
            form.addEventListener("submit", function (event) {
                if (form.dataset.sent) { event.preventDefault(); return; }
                form.dataset.sent = "1";
                setTimeout(function () { delete form.dataset.sent; }, 8000);
            });
        });
    });

    // "Copy": what is in the field goes to the clipboard; without a safe connection it is marked, to be copied by hand.
    document.addEventListener("click", function (event) {
        var button = event.target.closest("[data-copy]");
        if (!button) { return; }
        var field = document.getElementById(button.getAttribute("data-copy"));
        field.focus();
        field.select();
        if (navigator.clipboard && window.isSecureContext) {
            navigator.clipboard.writeText(field.value).then(function () { button.textContent = button.getAttribute("data-done"); });
        } else if (document.execCommand("copy")) {
            button.textContent = button.getAttribute("data-done");
        }
    });
})();
