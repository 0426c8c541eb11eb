/* The little script of our pages. Everything works without it, by links and plain forms. */
(() => {
  "use strict";

  // Sign-in pages have no Alpine: follow the theme that the shell remembers.
  const root = document.documentElement;
  if (root.dataset.theme === "follow") {
    let chosen = "auto";
    try { chosen = JSON.parse(localStorage.getItem("adminTheme")) || "auto"; } catch { /* keep auto */ }
    const dark = chosen === "dark" || (chosen === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.classList.toggle("dark", dark);
  }

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const typing = (target) => target.matches("input:not([type=checkbox]), textarea, select, [contenteditable=true]");

  // The source beside the page: Escape or its button closes it and gives the focus back.
  let opener = null;
  function closeBeside() {
    const beside = one("#beside");
    if (!beside || !beside.childElementCount) return false;
    beside.replaceChildren();
    if (opener?.isConnected) opener.focus();
    opener = null;
    return true;
  }

  function besideArrived(beside) {
    const here = one("mark.here", beside);
    if (here) here.scrollIntoView({ block: "center" });
    (one("[data-close]", beside) || beside).focus();
  }

  // The queue: rows are links; the pane beside them shows the gist of the current one.
  const queue = () => one("[data-queue]");
  const rows = () => all("[data-queue] [data-row]");
  const current = () => one("[data-queue] [data-row][data-current]");

  function show(row) {
    if (!row) return;
    rows().forEach((each) => {
      each.toggleAttribute("data-current", each === row);
      one("a", each)?.toggleAttribute("aria-current", each === row);
    });
    one("a", row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (matchMedia("(min-width: 1000px)").matches) one("a", row).click();
  }

  function move(step) {
    const list = rows();
    const at = list.indexOf(current());
    show(list[Math.min(list.length - 1, Math.max(0, at + step))]);
  }

  function tally() {
    const form = one("[data-bulk]");
    if (!form) return;
    const picked = all("[data-pick]:checked");
    form.hidden = picked.length === 0;
    one("[data-count]", form).textContent = String(picked.length);
    const sums = new Map();
    picked.forEach(({ dataset: { amount, currency } }) => {
      if (currency) sums.set(currency, (sums.get(currency) || 0) + Number(amount));
    });
    const write = (sum) => sum.toLocaleString(root.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    one("[data-sum]", form).textContent = [...sums].map(([currency, sum]) => `${write(sum)} ${currency}`).join(" + ");
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => current() && one("[data-pick]", current())?.click(),
    a: () => one("[data-approve]")?.focus(),
    r: () => openReason("reject"),
    c: () => openReason("return"),
    e: () => { const link = one("#pane [data-open]"); if (link) location.assign(link.href); },
    "?": () => one("#keys")?.showModal(),
  };

  const decisions = { a: keys.a, r: keys.r, c: keys.c };

  function openReason(kind) {
    const box = one(`[data-reason="${kind}"]`);
    if (!box) return;
    box.open = true;
    one("textarea", box).focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && closeBeside()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    if (event.key === "/" && one("#q")) {
      event.preventDefault();
      one("#q").focus();
      return;
    }
    const known = queue() ? keys : one(".decide") ? decisions : {};
    if (!known[event.key]) return;
    event.preventDefault();
    known[event.key]();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick]")) tally();
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-close], [data-pick-all], [data-show], [data-suggest], [data-add-row], [data-drop-row]");
    if (!target) {
      const source = event.target.closest("[hx-target='#beside']");
      if (source) opener = source;
      const row = event.target.closest("[data-row]");
      if (row && event.target.closest("a")) {
        rows().forEach((each) => each.toggleAttribute("data-current", each === row));
      }
      return;
    }
    if (target.matches("[data-close]")) {
      const dialog = target.closest("dialog");
      if (dialog) dialog.close(); else closeBeside();
    } else if (target.matches("[data-pick-all]")) {
      all("[data-pick]").forEach((box) => { box.checked = target.checked; });
      tally();
    } else if (target.matches("[data-show]")) {
      one(target.dataset.show)?.showModal();
    } else if (target.matches("[data-suggest]")) {
      const field = document.getElementById(target.dataset.for);
      field.value = target.dataset.suggest;
      field.focus();
    } else if (target.matches("[data-add-row]")) {
      addRow(target);
    } else if (target.matches("[data-drop-row]")) {
      target.closest("[data-line]").remove();
    }
  });

  // Lines of a form: a new one is a copy of the <template>, its fields numbered on.
  function addRow(button) {
    const list = document.getElementById(button.dataset.addRow);
    const number = String(Number(list.dataset.next || all("[data-line]", list).length));
    list.dataset.next = String(Number(number) + 1);
    const line = one("template", list).content.cloneNode(true);
    all("[name], [id], [for]", line).forEach((node) => {
      for (const name of ["name", "id", "for"]) {
        if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replace("__n__", number));
      }
    });
    list.append(line);
    one("input, select", list.lastElementChild)?.focus();
  }

  // Leaving a form with unsaved words asks first.
  let unsaved = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-warn]")) unsaved = true;
  });
  document.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  // What scrolls sideways can be reached by keyboard.
  function reachable() {
    all(".scroll").forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
    });
  }
  window.addEventListener("resize", reachable);

  // A field that is described by its problem is wrong as long as there is one.
  document.addEventListener("htmx:afterSettle", () => {
    all("[data-told]").forEach((field) => {
      const told = document.getElementById(field.getAttribute("aria-describedby"));
      field.toggleAttribute("aria-invalid", false);
      if (told?.textContent.trim()) field.setAttribute("aria-invalid", "true");
    });
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "beside") besideArrived(event.target);
    reachable();
  });

  document.addEventListener("DOMContentLoaded", () => {
    tally();
    reachable();
    const here = one("mark.here");
    if (here) here.scrollIntoView({ block: "center" });
  });
})();
