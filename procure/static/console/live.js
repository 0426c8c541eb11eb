/* Parts of a page that follow what happens. What arrives is worked into what is there: focus, selection, places in
   scrolled boxes, open forms and half-typed words stay. Without this script the page is as it was when it was opened. */
(() => {
  "use strict";

  const keyOf = (node) => (node.nodeType === 1 ? node.id || node.getAttribute("data-key") : null);
  //: What belongs to whoever reads, not to the server.
  const THEIRS = { DETAILS: ["open"], INPUT: ["value", "checked"], OPTION: ["selected"] };

  function sync(old, fresh) {
    const kept = THEIRS[old.nodeName] || [];
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !kept.includes(name) && name !== "data-changed") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) === value || kept.includes(name)) continue;
      if (name === "class" && /state-/.test(value)) mark(old);
      old.setAttribute(name, value);
    }
  }

  // Motion only to show what changed.
  function mark(node) {
    node.setAttribute("data-changed", "");
    setTimeout(() => node.removeAttribute("data-changed"), 1700);
  }

  const alike = (old, fresh) =>
    old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

  function morph(old, fresh) {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    sync(old, fresh);
    if (old.nodeName === "TEXTAREA") return;
    const wanted = new Set([...fresh.childNodes].map(keyOf));
    const keyed = new Map();
    for (const child of [...old.childNodes]) {
      if (!keyOf(child)) continue;
      if (wanted.has(keyOf(child))) keyed.set(keyOf(child), child); else child.remove();
    }
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const known = keyOf(child) ? keyed.get(keyOf(child)) : null;
      if (known && alike(known, child)) {
        // A node that is moved loses focus and scrolling: what stands in its way goes instead.
        while (at && at !== known && !keyOf(at)) {
          const next = at.nextSibling;
          at.remove();
          at = next;
        }
        if (known !== at) old.insertBefore(known, at); else at = at.nextSibling;
        morph(known, child);
      } else if (at && !keyOf(child) && alike(at, child)) {
        const next = at.nextSibling;
        morph(at, child);
        at = next;
      } else {
        old.insertBefore(document.importNode(child, true), at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse, xhr } = event.detail;
    if (!target?.matches?.("[data-morph]")) return;
    event.detail.shouldSwap = false;
    if (xhr.status >= 400) return;
    const fresh = new DOMParser().parseFromString(serverResponse, "text/html").body.firstElementChild;
    if (!fresh || fresh.id !== target.id) return;
    morph(target, fresh);
    window.htmx.process(target);
    const address = event.detail.requestConfig?.elt?.getAttribute("data-address");
    if (address) history.replaceState(history.state, "", address);
  });

  // A sign-in that ran out answers with another page: look at it, do not work it in.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target?.matches?.("[data-morph]") && [401, 403].includes(event.detail.xhr.status)) location.reload();
  });

  // htmx keeps links from being followed once it has asked for what they show, but not those inside a drawing.
  document.addEventListener("click", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (plain && event.target.closest("svg a[hx-get]")) event.preventDefault();
  });

  // Arrow keys go from step to step in a drawn graph: to the nearest in that direction.
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  document.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    const here = document.activeElement?.closest?.(".graph .node");
    if (!way || !here || event.ctrlKey || event.metaKey || event.altKey) return;
    const place = (node) => [Number(node.dataset.column), Number(node.dataset.row)];
    const [x, y] = place(here);
    const [dx, dy] = way;
    let best = null;
    let least = Infinity;
    for (const node of here.closest("svg").querySelectorAll(".node")) {
      const [along, across] = dx
        ? [(place(node)[0] - x) * dx, Math.abs(place(node)[1] - y)]
        : [(place(node)[1] - y) * dy, Math.abs(place(node)[0] - x)];
      const far = along + across * 2;
      if (along > 0 && far < least) [best, least] = [node, far];
    }
    event.preventDefault();
    best?.focus();
  });

  // A long graph opens where the chosen step is.
  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector(".graph-scroll");
    const node = box?.querySelector(".node.chosen .box");
    if (!node) return;
    const [inner, outer] = [node.getBoundingClientRect(), box.getBoundingClientRect()];
    box.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  });

  // Filters work at once; picking a page of rows takes one click.
  document.addEventListener("change", (event) => {
    if (event.target.closest("form[data-auto]")) event.target.form.requestSubmit();
    const picks = event.target.closest("form[data-picks]");
    if (!picks) return;
    const boxes = [...picks.querySelectorAll("input[name=pick]")];
    if (event.target.matches("[data-pick-page]")) boxes.forEach((box) => { box.checked = event.target.checked; });
  });

  // One open form at a time; Escape or a click elsewhere closes it.
  const pops = () => document.querySelectorAll("details:has(> .pop)[open]");
  document.addEventListener("click", (event) => {
    pops().forEach((each) => { if (!each.contains(event.target)) each.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pops().forEach((each) => {
      each.open = false;
      each.querySelector("summary").focus();
    });
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches("details:has(> .pop)")) event.target.querySelector(".input")?.focus();
  }, true);
})();
