// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (id) => document.getElementById(id);
  const svg = one("map"), facts = one("facts"), panel = one("panel"), search = one("search"), opener = one("open");
  const boxes = [...one("boxes").children], lines = [...one("edges").children], bands = [...svg.querySelectorAll(".band > rect")];
  const heads = [...svg.querySelectorAll(".band > text")], headAt = heads.map((each) => +each.getAttribute("y"));
  const nodes = data.nodes, open = new Set(), groups = nodes.map((node, i) => (node.members ? i : -1)).filter((i) => i >= 0);
  const world = nodes.findIndex((node) => node.at < 0);
  const right = nodes.map(() => []), left = nodes.map(() => []);
  data.edges.forEach(([from, to], i) => { right[from].push([to, i]); left[to].push([from, i]); });
  let chosen = -1, returnTo = null;

  // how far down what is in an interval moves: by the groups above it that are open
  const more = (at) => groups.reduce((sum, i) => sum + (open.has(i) && nodes[i].at < at ? nodes[i].more : 0), 0);
  const top = (i) => nodes[i].y + (nodes[i].at < 0 ? 0 : more(nodes[i].at));
  const hidden = (i) => nodes[i].group !== null && !open.has(nodes[i].group);
  const edgeHidden = ([from, to]) => hidden(from) || hidden(to) || (nodes[from].members && open.has(from));

  function place() {
    const all = more(Infinity);
    boxes.forEach((box, i) => {
      box.setAttribute("transform", `translate(${nodes[i].x} ${top(i)})`);
      if (hidden(i)) box.setAttribute("visibility", "hidden"); else box.removeAttribute("visibility");
      if (nodes[i].members) box.setAttribute("aria-expanded", open.has(i));
    });
    if (world >= 0) boxes[world].querySelector(".box").setAttribute("height", nodes[world].h + all);
    lines.forEach((line, i) => {
      const [from, to] = data.edges[i], x1 = nodes[from].x + nodes[from].w, x2 = nodes[to].x;
      const y1 = top(from) + data.row / 2, y2 = to === world ? y1 : top(to) + data.row / 2, bend = (x2 - x1) / 2;
      line.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
      if (edgeHidden(data.edges[i])) line.setAttribute("visibility", "hidden"); else line.removeAttribute("visibility");
    });
    data.bands.forEach(([y, height, first, last], i) => {
      bands[i].setAttribute("y", y + more(first));
      bands[i].setAttribute("height", height + more(last) - more(first));
      heads[i].setAttribute("y", headAt[i] + more(first));
    });
    svg.setAttribute("height", data.height + all);
    svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${data.height + all}`);
    opener.textContent = open.size < groups.length ? "Open all groups" : "Close all groups";
  }

  function toggle(i) {
    if (open.has(i)) open.delete(i); else open.add(i);
    place();
  }

  // everything to the right of a node and to the left of it
  function way(i) {
    const on = new Set([i]), edges = new Set();
    for (const next of [right, left]) {
      const todo = [i];
      const seen = new Set(todo);
      while (todo.length) {
        for (const [other, edge] of next[todo.pop()]) {
          edges.add(edge);
          on.add(other);
          if (!seen.has(other)) { seen.add(other); todo.push(other); }
        }
      }
    }
    return [on, edges];
  }

  function element(name, text, classes) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (classes) made.className = classes;
    return made;
  }

  function show(i) {
    const node = nodes[i], heading = element("h2", node.label), close = element("button", "Close"), list = element("dl"), wrong = element("ul");
    close.id = "close";
    close.type = "button";
    close.addEventListener("click", clear);
    heading.append(element("small", node.host ? `${node.kind} on ${node.host}` : node.kind));
    for (const [level, words] of node.troubles) {
      const row = element("li", undefined, level);
      row.append(element("span", words));
      wrong.append(row);
    }
    const near = (title, found) => { if (found.length) list.append(element("dt", title), element("dd", found.join(", "))); };
    for (const [name, value] of node.facts) list.append(element("dt", name), element("dd", value));
    const named = (ends) => ends.filter(([other]) => !nodes[other].members).map(([other, edge]) => nodes[other].label + (data.edges[edge][2] ? ` (${data.edges[edge][2]})` : ""));
    near("leads to", node.members ? right[i].map(([other]) => nodes[other].label) : named(right[i]));
    near("comes from", named(left[i]));
    facts.replaceChildren(close, heading, wrong, list);
    facts.hidden = false;
    panel.hidden = true;
  }

  function choose(i, focus) {
    if (nodes[i].group !== null && !open.has(nodes[i].group)) toggle(nodes[i].group);
    chosen = i;
    const [on, edges] = way(i);
    if (nodes[i].members) {
      nodes[i].members.forEach((each) => on.add(each));
      data.edges.forEach(([from, to], edge) => { if (on.has(from) && on.has(to)) edges.add(edge); });
    }
    svg.classList.add("way-on");
    boxes.forEach((box, at) => { box.classList.toggle("on", on.has(at)); box.classList.toggle("chosen", at === i); });
    lines.forEach((line, at) => line.classList.toggle("on", edges.has(at)));
    show(i);
    if (focus) boxes[i].focus();
    boxes[i].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function clear() {
    chosen = -1;
    svg.classList.remove("way-on");
    boxes.forEach((box) => box.classList.remove("on", "chosen"));
    lines.forEach((line) => line.classList.remove("on"));
    facts.hidden = true;
    panel.hidden = false;
    if (returnTo !== null) boxes[returnTo].focus();
  }

  function act(i) {
    returnTo = i;
    if (nodes[i].members) toggle(i);
    choose(i);
  }

  // along the lines, or up and down a column
  function step(i, key) {
    const seen = (ends) => ends.map(([other]) => other).filter((other) => !hidden(other));
    if (key === "ArrowRight") return seen(right[i])[0];
    if (key === "ArrowLeft") return seen(left[i])[0];
    const column = nodes.map((node, at) => at).filter((at) => nodes[at].x === nodes[i].x && !hidden(at)).sort((a, b) => top(a) - top(b));
    return column[column.indexOf(i) + (key === "ArrowDown" ? 1 : -1)];
  }

  boxes.forEach((box, i) => {
    box.addEventListener("click", () => act(i));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") act(i);
      else if (event.key.startsWith("Arrow")) { const next = step(i, event.key); if (next !== undefined) boxes[next].focus(); }
      else return;
      event.preventDefault();
    });
  });
  document.querySelectorAll("[data-go]").forEach((button) => button.addEventListener("click", () => { returnTo = +button.dataset.go; choose(returnTo, true); }));
  opener.addEventListener("click", () => {
    const opening = open.size < groups.length;
    groups.forEach((i) => { if (opening) open.add(i); else open.delete(i); });
    place();
  });

  const haystack = nodes.map((node) => [node.label, node.kind, node.host, ...node.facts.flat(), ...node.troubles.flat()].join(" ").toLowerCase());
  function find() {
    const words = search.value.trim().toLowerCase();
    const hits = words ? nodes.map((node, i) => i).filter((i) => !nodes[i].members && haystack[i].includes(words)) : [];
    // a group stands for those of its members that are not shown
    const shown = new Set(hits.map((i) => (hidden(i) ? nodes[i].group : i)));
    svg.classList.toggle("finding", words !== "");
    boxes.forEach((box, i) => box.classList.toggle("hit", shown.has(i)));
    one("found").textContent = words ? `${hits.length} found` : "";
    return hits;
  }
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const hits = find();
    if (!hits.length) return;
    const next = hits[(hits.indexOf(chosen) + 1) % hits.length];
    returnTo = null;
    choose(next);
    find();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; find(); clear(); }
    else if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  });
  place();
})();
