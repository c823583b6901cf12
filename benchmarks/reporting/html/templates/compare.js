// Two methods of one data set side by side, chosen from lists; the choice stands in the address.
const form = document.getElementById("compare-form");
if (form) {
  const data = JSON.parse(document.getElementById("compare-data").textContent);
  const body = document.getElementById("compare-table").tBodies[0];
  const heads = document.getElementById("compare-table").tHead.rows[0].cells;
  const verdict = document.getElementById("compare-verdict");
  const { place, first, second } = form.elements;
  const fixed = (number) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(3)}`;

  // The difference of the first and the second method in hit@1 over the same queries, turned round where need be.
  const paired = (group, a, b) => {
    if (a === b) {
      return null;
    }
    const found = group.differences[Math.min(a, b)]?.[Math.max(a, b) - Math.min(a, b) - 1];
    return found && (a < b ? found : [-found[0], -found[2], -found[1]]);
  };

  const change = (row, one, other, difference) => {
    if (one === null || other === null) {
      return "";
    }
    if (row.key === "hit@1" && difference) {
      return `${fixed(difference[0])} [${fixed(difference[1])}, ${fixed(difference[2])}]`;
    }
    return row.is_share ? fixed(one - other) : other > 0 ? `×${(one / other).toPrecision(3)}` : "";
  };

  const say = (group, a, b, difference) => {
    if (!difference) {
      return "";
    }
    const [mean, low, high] = difference;
    const names = mean >= 0 ? [group.methods[a], group.methods[b]] : [group.methods[b], group.methods[a]];
    return low <= 0 && high >= 0
      ? `hit@1: no difference shown; the 95% interval of the paired difference contains 0.`
      : `hit@1: ${names[0]} is better than ${names[1]}; the 95% interval of the paired difference leaves out 0.`;
  };

  const show = () => {
    const group = data[place.value];
    const [a, b] = [first, second].map((list) => group.methods.indexOf(list.value));
    const difference = paired(group, a, b);
    [heads[1].textContent, heads[2].textContent] = [first.value, second.value];
    body.replaceChildren();
    for (const row of group.rows) {
      const [one, other] = [row.cells[a], row.cells[b]];
      if (!one[1] && !other[1]) {
        continue;
      }
      const line = body.insertRow();
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = row.title;
      line.append(name);
      for (const text of [one[1], other[1], change(row, one[0], other[0], difference)]) {
        const cell = line.insertCell();
        cell.className = "number";
        cell.textContent = text;
      }
    }
    verdict.textContent = say(group, a, b, difference);
    const gallery = document.getElementById("compare-gallery");
    gallery.hidden = !document.getElementById(group.gallery);
    gallery.querySelector("a").href = `#${group.gallery}`;
  };

  const fill = (list, methods, wanted, otherwise) => {
    list.replaceChildren(...methods.map((method) => new Option(method, method)));
    list.value = methods.includes(wanted) ? wanted : otherwise;
  };

  // Fills the lists for the wanted group; unknown names fall back on what the page opens with.
  const choose = (wanted, a, b) => {
    place.value = wanted in data ? wanted : place.options[0].value;
    const group = data[place.value];
    fill(first, group.methods, a, group.opens[0]);
    fill(second, group.methods, b, group.opens[1]);
    show();
  };

  form.addEventListener("input", (event) => {
    choose(place.value, first.value, second.value);
    address.set({ in: place.value, a: first.value, b: second.value });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  address.follow(() => choose(address.get("in") ?? place.options[0].value, address.get("a"), address.get("b")));
}
