/** An SVG element: `element("rect", { x: 1 })`, with children (strings) inside. */
export function element(name, attributes, ...children) {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? rounded(value) : escaped(value)}"`)
    .join("");
  const inside = children.flat().join("");
  return inside ? `<${name}${written}>${inside}</${name}>\n` : `<${name}${written}/>\n`;
}

/** A line of text. */
export function text(x, y, content, attributes = {}) {
  return element("text", { x, y, ...attributes }, escaped(content));
}

/** The path of a polygon through `[x, y]` points. */
export function polygon(points) {
  return `M${points.map((point) => point.map(rounded).join(" ")).join("L")}z`;
}

/** At most two decimals. */
function rounded(value) {
  return String(Math.round(value * 100) / 100);
}

function escaped(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
