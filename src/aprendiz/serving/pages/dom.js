// Short words for building the page. Everything from the server or a file goes in as text, never
// as markup: a label or a text may hold anything.

export const find = id => document.getElementById(id);

/** A new element; attributes that are null or false are left out, strings become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Write a text only where it differs, so that a screen reader is not disturbed. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a node with a text, or hide it when there is none. */
export function tell(node, text) {
  write(node, text || "");
  node.hidden = !text;
}

/** A label in pieces between which a line may break: get_|business_|information. */
export const breakable = label =>
  label.split(/(?<=[_./-])/).flatMap((piece, at) => (at ? [document.createElement("wbr"), piece] : [piece]));
