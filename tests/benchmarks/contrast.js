// Every visible text whose contrast with its ground is below 4.5 (WCAG 2.2, 1.4.3), by element and class.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (layers) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility() || element.closest(".sr, script, style, svg, option, .skip, noscript")) continue;
    const layers = [];
    for (let place = element; place; place = place.parentElement) layers.unshift(getComputedStyle(place).backgroundColor);
    const ground = paint(["white", ...layers]);
    const ink = paint([`rgb(${ground})`, getComputedStyle(element).color]);
    const [a, b] = [light(ink), light(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const key = `${element.tagName}.${element.className} in ${element.parentElement.className}`;
    if (ratio < 4.5 && !(found[key] < ratio)) found[key] = Math.round(ratio * 100) / 100;
  }
  return Object.entries(found);
}
