// Files of texts, read and written without the server: CSV, TSV, JSON lines, plain lines.

export const MOST_ROWS = 1000;

const NAMES = ["text", "texto", "input", "sentence", "utterance", "query", "question", "message"];

/** A file that cannot be read; `place` fills the sentence of that name in words.js. */
export class Unreadable extends Error {
  constructor(name, place = {}) {
    super(name);
    this.place = place;
  }
}

/** Rows of cells with the line each begins on; quotes as RFC 4180 has them. */
export function cells(source, separator) {
  const rows = [];
  let row = [], cell = "", quoted = false, wasQuoted = false, line = 1, began = 1;
  const endCell = () => { row.push(cell); cell = ""; wasQuoted = false; };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0].trim()) rows.push({ line: began, row });
    row = [];
    began = line;
  };
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === "\n") line++;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (source[at + 1] === '"') { cell += '"'; at++; }
      else quoted = false;
    } else if (char === '"' && cell === "" && !wasQuoted) quoted = wasQuoted = true;
    else if (char === separator) endCell();
    else if (char === "\n") endRow();
    else if (char !== "\r" || source[at + 1] !== "\n") cell += char;
  }
  if (quoted) throw new Unreadable("openQuote", { line: began });
  if (cell || row.length) endRow();
  return rows;
}

function fromTable(source, separator) {
  const rows = cells(source, separator);
  const heads = rows[0]?.row.map(each => each.trim().toLowerCase()) ?? [];
  const name = NAMES.find(each => heads.includes(each));
  const column = name === undefined ? 0 : heads.indexOf(name);
  return rows.slice(name === undefined ? 0 : 1).map(({ line, row }) => ({ line, text: row[column] ?? "" }));
}

function fromJson(line, number) {
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Unreadable("notJson", { line: number });
  }
  const text = typeof value === "string" ? value : value?.[NAMES.find(each => typeof value?.[each] === "string")];
  if (text === undefined) throw new Unreadable("noText", { line: number });
  return { line: number, text };
}

/** [{line, text}] of a file's content; blank texts are left out. */
export function read(name, source) {
  const ending = name.toLowerCase().split(".").pop();
  const lines = () => source.split(/\r\n|\n|\r/).map((text, at) => ({ line: at + 1, text }));
  let rows;
  if (ending === "csv" || ending === "tsv") {
    const first = source.slice(0, source.search(/\n|$/));
    const many = mark => first.split(mark).length;
    rows = fromTable(source, ending === "tsv" ? "\t" : many(";") > many(",") ? ";" : ",");
  } else if (ending === "jsonl" || ending === "ndjson") {
    rows = lines().filter(({ text }) => text.trim()).map(({ line, text }) => fromJson(text, line));
  } else rows = lines();
  return rows.filter(({ text }) => text.trim());
}

/** A text of a file as UTF-8; anything else is refused rather than guessed. */
export function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable("notUtf8");
  }
}

/** A cell that no spreadsheet takes for a formula, quoted as RFC 4180 has it. */
export function safeCell(value) {
  const text = String(value ?? "");
  const safe = typeof value !== "number" && /^[\s\u0000]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** CSV with a byte-order mark, which spreadsheets need to see UTF-8. */
export const csv = rows => `\ufeff${rows.map(row => row.map(safeCell).join(",")).join("\r\n")}\r\n`;
