// Short words for building the page. Everything from the service goes in as text, never as
// markup: a label, a file name or a message may hold anything.

export const find = id => document.getElementById(id);

/** A new element; attributes that are null or false are left out, strings become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Write a text only where it differs, so that a selection or a screen reader is not disturbed. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a node with a text, or hide it when there is none. */
export function tell(node, text) {
  write(node, text || "");
  node.hidden = !text;
}

/** The same for an attribute. */
export function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
