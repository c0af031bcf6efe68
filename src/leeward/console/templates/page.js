"use strict";
// Comfort only: the page says and shows the same without it.
(() => {
  const one = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  all(".scripted").forEach((element) => { element.hidden = false; });

  const theme = one("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`); };
  theme.hidden = false;
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  dark.addEventListener("change", nameTheme);
  nameTheme();

  const picture = one("#picture");
  if (picture) {
    const tip = one("#tip");
    const nodes = all(".node", picture);
    const ties = all(".ties path", picture);
    const sheet = picture.parentElement;
    sheet.scrollLeft = (sheet.scrollWidth - sheet.clientWidth) / 2;
    // The box beside the pointer replaces the browser's own, which comes late and not for keys.
    nodes.forEach((node) => { node.dataset.told = node.querySelector("title").textContent; node.querySelector("title").remove(); });
    const point = (node) => {
      const id = node.id.slice(1);
      const near = new Set([node]);
      ties.forEach((tie) => {
        const touches = tie.dataset.a === id || tie.dataset.b === id;
        tie.classList.toggle("near", touches);
        if (touches) { near.add(one(`#n${tie.dataset.a}`)); near.add(one(`#n${tie.dataset.b}`)); }
      });
      nodes.forEach((other) => other.classList.toggle("near", near.has(other)));
      picture.classList.add("pointing");
      tip.textContent = node.dataset.told;
      tip.hidden = false;
      const frame = tip.parentElement.getBoundingClientRect();
      const box = node.querySelector("use").getBoundingClientRect();
      const left = Math.min(Math.max(box.x + box.width / 2 - frame.x - tip.offsetWidth / 2, 0), frame.width - tip.offsetWidth);
      const above = box.y - frame.y - tip.offsetHeight - 10;
      tip.style.left = `${Math.max(left, 0)}px`;
      tip.style.top = `${above > 0 ? above : box.bottom - frame.y + 26}px`;
    };
    const leave = () => { picture.classList.remove("pointing"); tip.hidden = true; };
    const nodeOf = (event) => event.target.closest(".node");
    picture.addEventListener("pointerover", (event) => { const node = nodeOf(event); if (node) point(node); else leave(); });
    picture.addEventListener("pointerleave", leave);
    picture.addEventListener("focusin", (event) => { const node = nodeOf(event); if (node) point(node); });
    picture.addEventListener("focusout", leave);
    // One stop for the tab key; the arrows step through the accounts, cell by cell.
    nodes.forEach((node, place) => node.setAttribute("tabindex", place ? "-1" : "0"));
    picture.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leave();
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const here = nodes.indexOf(document.activeElement);
      const place = event.key === "Home" ? 0 : event.key === "End" ? nodes.length - 1 : step ? here + step : -1;
      if (here < 0 || place < 0 || place >= nodes.length) return;
      event.preventDefault();
      nodes[here].setAttribute("tabindex", "-1");
      nodes[place].setAttribute("tabindex", "0");
      nodes[place].focus();
    });
  }

  const list = one(".list");
  if (!list) return;
  const body = one(".list tbody");
  const rows = [...body.rows];
  const find = one("#find");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.classList.toggle("searching", words.length > 0);
    rows.forEach((row) => { row.hidden = !words.every((word) => texts.get(row).includes(word)); });
    const seen = rows.filter((row) => row.getClientRects().length > 0).length;
    one("#shown").textContent = `Showing ${seen.toLocaleString("en")} of ${rows.length.toLocaleString("en")} accounts.`;
  };
  find.addEventListener("input", show);
  find.addEventListener("keydown", (event) => { if (event.key === "Escape") { find.value = ""; show(); } });
  list.addEventListener("change", show);
  addEventListener("hashchange", show);

  const cell = { rank: 0, name: 1, tier: 2, score: 3, touches: 4 };
  const value = (row, key) => {
    const from = row.cells[cell[key]];
    if (key === "name" || key === "tier") return from.textContent.toLowerCase();
    return Number(from.dataset.v ?? from.textContent.replaceAll(",", ""));
  };
  all("[data-sort]").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const key = head.dataset.sort;
      const first = key === "score" || key === "touches" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const way = head.getAttribute("aria-sort") === first ? other : first;
      all("[data-sort]").forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      rows.sort((a, b) => {
        const x = value(a, key), y = value(b, key);
        return (x < y ? -sign : x > y ? sign : 0) || value(a, "rank") - value(b, "rank");
      });
      const open = rows.filter((row) => !row.classList.contains("more")).length;
      rows.forEach((row, place) => { row.classList.toggle("more", place >= open); body.append(row); });
      show();
    });
  });
  show();
})();
