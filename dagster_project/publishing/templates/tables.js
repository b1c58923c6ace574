// Search, filters, sorting and pages for the long tables of a report; without it the page is complete all the same.
// Keep out: network, storage, markup. Text from a report is set as text alone.
"use strict";
(() => {
  const SHORT = 10, PAGE = 25, FEW = 60; // rows that need no tools, rows shown at once, values that a filter lists
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const order = new Intl.Collator("en", { numeric: true });

  function made(tag, properties, ...inside) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...inside);
    return node;
  }

  // What stands under `data-by` in each row: name → value → rows. Only names with few values, and more than one, make a filter.
  function filters(rows) {
    const found = new Map();
    for (const row of rows) {
      for (const { dataset, textContent } of row.querySelectorAll("[data-by]")) {
        const values = found.get(dataset.by) ?? found.set(dataset.by, new Map()).get(dataset.by);
        const value = textContent.trim();
        (values.get(value) ?? values.set(value, new Set()).get(value)).add(row);
      }
    }
    return new Map([...found].filter(([, values]) => values.size <= FEW && [...values.values()].some(each => each.size < rows.length)));
  }

  // A column's values as what they are: instants as text without their Z, so that a fraction sorts behind its second; numbers; words. Null where there is none.
  function keys(rows, column, isNumber) {
    const exact = rows.map(row => row.cells[column].querySelector("data, time"));
    const number = text => { const read = parseFloat(text.replaceAll(",", "").replace("−", "-")); return Number.isNaN(read) ? null : read; };
    const told = exact.some(Boolean)
      ? exact.map(node => node && (node.dateTime?.replace("Z", "") ?? number(node.value)))
      : rows.map(({ cells }) => (isNumber ? number(cells[column].textContent) : cells[column].textContent.trim() || null));
    return new Map(rows.map((row, place) => [row, told[place]]));
  }

  function equip(table) {
    const frame = table.parentElement, body = table.tBodies[0], all = [...body.rows], byName = filters(all), heads = [...table.tHead.rows[0].cells];
    const texts = new Map(), known = new Map(), chosen = new Map();
    let wanted = [], sorted = all, kept = all, first = 0;

    const search = made("input", { type: "search", autocomplete: "off", spellcheck: false });
    const selects = [...byName].map(([name, values]) => {
      const options = [...values.keys()].sort(order.compare).map(value => made("option", { value, textContent: value }));
      const select = made("select", {}, made("option", { value: "", textContent: "All" }), ...options);
      select.addEventListener("change", () => {
        if (select.selectedIndex > 0) chosen.set(name, select.value);
        else chosen.delete(name);
        choose();
      });
      return [name, select];
    });
    const clear = made("button", { type: "button", textContent: "Clear", className: "clear" });
    const count = made("p", { className: "count" });
    count.role = "status";
    const labels = [["Search", search], ...selects].map(([name, control]) => made("label", {}, made("span", { textContent: name }), control));
    const tools = made("div", { className: "tools" }, ...labels, clear, count);
    tools.role = "group";
    tools.ariaLabel = `Search and filter: ${table.caption.textContent}`;
    const [back, on] = ["Previous", "Next"].map(name => made("button", { type: "button", textContent: name }));
    const pager = made("div", { className: "pager" }, back, on);

    function fits(row) {
      if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
      return wanted.every(word => texts.get(row).includes(word)) && [...chosen].every(([name, value]) => byName.get(name).get(value).has(row));
    }

    function choose() {
      wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const isAll = !wanted.length && !chosen.size;
      kept = isAll ? sorted : sorted.filter(fits);
      const held = new Set(kept);
      for (const row of all) row.classList.toggle("is-left-out", !held.has(row));
      tools.classList.toggle("is-chosen", !isAll);
      turn(0);
    }

    function turn(to) {
      first = to;
      const shown = new Set(kept.slice(first, first + PAGE));
      for (const row of all) row.classList.toggle("is-elsewhere", !shown.has(row));
      const span = kept.length > PAGE ? `, ${(first + 1).toLocaleString("en")} to ${(first + shown.size).toLocaleString("en")} shown` : "";
      const by = [...chosen, ...(wanted.length ? [["Search", wanted.join(" ")]] : [])].map(([name, value]) => ` · ${name}: ${value}`).join("");
      const told = [["span", span], ["by", by]].map(([className, textContent]) => made("span", { className, textContent }));
      count.replaceChildren(`${kept.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} rows`, ...told);
      pager.hidden = kept.length <= PAGE;
      back.ariaDisabled = first === 0;
      on.ariaDisabled = first + PAGE >= kept.length;
    }

    function sort(column) {
      const head = heads[column], way = NEXT[head.ariaSort];
      for (const each of heads) if (each.ariaSort) each.ariaSort = "none";
      head.ariaSort = way;
      if (!known.has(column)) known.set(column, keys(all, column, head.classList.contains("number")));
      const key = known.get(column), sign = way === "descending" ? -1 : 1;
      sorted = way === "none" ? all : [...all].sort((a, b) => {
        const [left, right] = [key.get(a), key.get(b)];
        if (left === null || right === null) return (left === null) - (right === null); // what is not there comes last, either way
        return sign * (typeof left === "number" ? left - right : order.compare(left, right));
      });
      const moved = document.createDocumentFragment();
      for (const row of sorted) moved.append(row);
      body.append(moved);
      choose();
    }

    function turned(button, to) {
      if (button.ariaDisabled === "true") return;
      turn(to);
      frame.focus({ preventScroll: true });
      tools.scrollIntoView();
    }

    // A link to a row leads to its page.
    function follow() {
      const row = all.find(each => each.id && `#${each.id}` === location.hash);
      if (!row) return;
      reset();
      turn(Math.floor(sorted.indexOf(row) / PAGE) * PAGE);
      row.scrollIntoView();
    }

    function reset() {
      search.value = "";
      for (const [, select] of selects) select.selectedIndex = 0;
      chosen.clear();
      choose();
    }

    heads.forEach((head, column) => {
      if (head.classList.contains("drawn")) return;
      const button = made("button", { type: "button", className: "sorts" }, ...head.childNodes);
      head.ariaSort = "none";
      button.addEventListener("click", () => sort(column));
      head.append(button);
    });
    search.addEventListener("input", choose);
    clear.addEventListener("click", () => { reset(); search.focus(); });
    back.addEventListener("click", () => turned(back, first - PAGE));
    on.addEventListener("click", () => turned(on, first + PAGE));
    addEventListener("hashchange", follow);
    frame.before(tools);
    frame.after(pager);
    table.classList.add("equipped");
    turn(0);
    follow();
    const folded = frame.closest("details");
    if (folded) folded.open = true; // a page of it is short
  }

  for (const table of document.querySelectorAll(".frame > table")) if (table.tBodies[0].rows.length > SHORT) equip(table);
})();
