// The page's words in both languages, and how numbers are written in each.
// What the server itself says (errors, labels) stays as the server says it.

import { find } from "./dom.js";

const STORED = "aprendiz.language";

const ENGLISH = {
  playground: "playground", api: "API", language: "Language",
  gateTitle: "Which key?", key: "Key", enter: "Enter", keyWrong: "The server does not know this key.",
  gateText: "This server asks for one. It stays in this page's memory and is forgotten when you leave or reload the page.",
  gone: "The server does not answer.", loading: "The model is still loading …",
  full: "The server is full. Try again in {seconds} s.",
  model: "Model", about: "{n} labels · {asks} · {engine} · version {version}",
  aboutTokens: "{n} labels · {asks} · reads {most} tokens · {engine} · version {version}",
  asksUnder: "asks again under {threshold}", asksEach: "gives any number of them",
  tryText: "Try a text", text: "Text", hint: "Ctrl + Enter asks, too.", ask: "Classify",
  answer: "Answers:", needs_clarification: "Asks again", out_of_scope: "Out of scope",
  why_answer: "Its probability, {share}, reaches the threshold of {threshold}.",
  why_answer_several: "They reach thresholds of their own.",
  why_needs_clarification: "The best label, {label}, has {share}; under {threshold} the server asks the user again.",
  why_out_of_scope: "The text seems to be about none of the labels. The nearest would be {label}, with {share}.",
  why_needs_clarification_several: "No label reaches its threshold; the nearest is {label}, with {share}.",
  why_out_of_scope_several: "No label reaches its threshold, as in texts about none of them. The nearest would be {label}, with {share}.",
  candidates: "Cannot be ruled out: {labels}.",
  scope: "{share} of the texts about the labels look no more like them than this one; under {least} a text is out of scope.",
  probabilities: "Probability of each label", label: "Label", bar: "Bar", probability: "Probability", short: "Prob.",
  threshold: "The line is the threshold, {threshold}.", thresholdEach: "The line is each label's own threshold.",
  others: "Show {n} more labels, together {share}", othersEach: "Show {n} more labels", fewer: "Show fewer",
  right: "Is it right?", agree: "Yes, {label}", rightLabel: "The right label", correct: "Correct it",
  choose: "No, it is …", noneOfThem: "none of the labels", agreed: "Thank you: kept as right.", corrected: "Thank you: the correction is kept.",
  noFeedback: "This server keeps no corrections. APRENDIZ_SERVE_FEEDBACK=FILE makes it keep them.",
  tokens: "What the model read", tokensRead: "{n} tokens", tokensOf: "{n} of at most {most} tokens",
  tokensCut: "{n} tokens, which is all it reads; the rest of the text was cut off and has no influence.",
  unread: "Not read: {text}", added: "added by the model",
  noTokens: "A {method} model does not work on tokens: it reads the whole text.",
  notTold: "The server did not tell.",
  time: "How long it took", ms: "{ms} ms", roundTrip: "from here and back", tokenize: "tokens", queue: "waiting", infer: "model",
  tryFile: "Try a file", file: "File: CSV, JSONL or TXT in UTF-8", classifyFile: "Classify the file",
  fileHint: "Up to {most} texts: a column or field called text (else the first column), or one a line. The file is read in this page; only its texts go to this server.",
  stop: "Stop", save: "Save as CSV", results: "Answers to the file's texts", line: "Line", serverSays: "Server says",
  short_answer: "answers", short_needs_clarification: "asks again", short_out_of_scope: "out of scope",
  under: "{n} of {all} …", stopped: "Stopped after {n} texts.",
  done: "{n} texts in {seconds} s; the server would not answer {asked} of them.",
  doneSome: "The first {n} of {all} texts in {seconds} s; the server would not answer {asked} of them. For more, use: aprendiz predict --file",
  notUtf8: "The file is not UTF-8. Save it as UTF-8 and choose it again.",
  notJson: "Line {line} is not JSON. Each line must be one JSON value.",
  noText: "Line {line} has no text: write a string, or an object with a field called text.",
  openQuote: "Line {line}: a quotation mark is opened and never closed.",
  noRows: "There is no text in this file.", tooBig: "The file has more than {most}. Use: aprendiz predict --file",
  tooLong: "Line {line}: the text has more than {most} characters, which is the server's limit.",
};

const SPANISH = {
  playground: "banco de pruebas", api: "API", language: "Idioma",
  gateTitle: "¿Qué clave?", key: "Clave", enter: "Entrar", keyWrong: "El servidor no conoce esta clave.",
  gateText: "Este servidor pide una. Se queda en la memoria de esta página y se olvida al salir de ella o recargarla.",
  gone: "El servidor no responde.", loading: "El modelo todavía se está cargando…",
  full: "El servidor está lleno. Vuelve a intentarlo dentro de {seconds} s.",
  model: "Modelo", about: "{n} etiquetas · {asks} · {engine} · versión {version}",
  aboutTokens: "{n} etiquetas · {asks} · lee {most} tokens · {engine} · versión {version}",
  asksUnder: "por debajo de {threshold} vuelve a preguntar", asksEach: "da cualquier número de ellas",
  tryText: "Probar un texto", text: "Texto", hint: "También vale Ctrl + Intro.", ask: "Clasificar",
  answer: "Responde:", needs_clarification: "Vuelve a preguntar", out_of_scope: "Fuera de su ámbito",
  why_answer: "Su probabilidad, {share}, alcanza el umbral de {threshold}.",
  why_answer_several: "Alcanzan cada una su propio umbral.",
  why_needs_clarification: "La mejor etiqueta, {label}, tiene {share}; por debajo de {threshold} el servidor vuelve a preguntar al usuario.",
  why_out_of_scope: "El texto no parece tratar de ninguna de las etiquetas. La más cercana sería {label}, con {share}.",
  why_needs_clarification_several: "Ninguna etiqueta alcanza su umbral; la más cercana es {label}, con {share}.",
  why_out_of_scope_several: "Ninguna etiqueta alcanza su umbral, como en los textos que no tratan de ninguna. La más cercana sería {label}, con {share}.",
  candidates: "No se pueden descartar: {labels}.",
  scope: "El {share} de los textos que tratan de las etiquetas no se les parece más que este; por debajo del {least} un texto queda fuera de su ámbito.",
  probabilities: "Probabilidad de cada etiqueta", label: "Etiqueta", bar: "Barra", probability: "Probabilidad", short: "Prob.",
  threshold: "La línea es el umbral, {threshold}.", thresholdEach: "La línea es el umbral propio de cada etiqueta.",
  others: "Ver {n} etiquetas más, {share} entre todas", othersEach: "Ver {n} etiquetas más", fewer: "Ver menos",
  right: "¿Es correcto?", agree: "Sí, {label}", rightLabel: "La etiqueta correcta", correct: "Corregir",
  choose: "No, es…", noneOfThem: "ninguna de las etiquetas", agreed: "Gracias: anotado como correcto.", corrected: "Gracias: la corrección queda anotada.",
  noFeedback: "Este servidor no guarda correcciones. Con APRENDIZ_SERVE_FEEDBACK=FICHERO las guarda.",
  tokens: "Lo que ha leído el modelo", tokensRead: "{n} tokens", tokensOf: "{n} tokens de {most} como mucho",
  tokensCut: "{n} tokens, que es todo lo que lee; el resto del texto se ha cortado y no influye.",
  unread: "Sin leer: {text}", added: "lo añade el modelo",
  noTokens: "Un modelo {method} no trabaja con tokens: lee el texto entero.",
  notTold: "El servidor no lo ha dicho.",
  time: "Cuánto ha tardado", ms: "{ms} ms", roundTrip: "ida y vuelta", tokenize: "tokens", queue: "espera", infer: "modelo",
  tryFile: "Probar un fichero", file: "Fichero: CSV, JSONL o TXT en UTF-8", classifyFile: "Clasificar el fichero",
  fileHint: "Hasta {most} textos: una columna o un campo que se llame text o texto (si no, la primera columna), o uno por línea. El fichero se lee en esta página; a este servidor solo van sus textos.",
  stop: "Parar", save: "Guardar como CSV", results: "Respuestas a los textos del fichero", line: "Línea", serverSays: "El servidor",
  short_answer: "responde", short_needs_clarification: "vuelve a preguntar", short_out_of_scope: "fuera de su ámbito",
  under: "{n} de {all}…", stopped: "Parado tras {n} textos.",
  done: "{n} textos en {seconds} s; {asked} se quedarían sin respuesta.",
  doneSome: "Los primeros {n} de {all} textos en {seconds} s; {asked} se quedarían sin respuesta. Para más: aprendiz predict --file",
  notUtf8: "El fichero no está en UTF-8. Guárdalo en UTF-8 y elígelo otra vez.",
  notJson: "La línea {line} no es JSON. Cada línea tiene que ser un valor JSON.",
  noText: "La línea {line} no tiene texto: escribe una cadena, o un objeto con un campo llamado text o texto.",
  openQuote: "Línea {line}: se abren unas comillas que no se cierran.",
  noRows: "En este fichero no hay ningún texto.", tooBig: "El fichero pasa de {most}. Usa: aprendiz predict --file",
  tooLong: "Línea {line}: el texto pasa de {most} caracteres, que es el límite del servidor.",
};

const LANGUAGES = { en: ENGLISH, es: SPANISH };
let language = "en";
let locale = "en"; // the language as it is written where this reader lives, where that is known

/** The word or sentence of that name, its {places} filled. */
export function word(name, places = {}) {
  const text = LANGUAGES[language][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, place) => places[place] ?? whole);
}

export const number = (value, digits = 3) =>
  new Intl.NumberFormat(locale, { maximumSignificantDigits: digits }).format(value);

export const percent = share =>
  new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);

function remembered() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // a browser may keep nothing at all
  }
}

function remember(chosen) {
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // then it is asked again next time
  }
}

/** Take the reader's language (chosen before, else the browser's); `changed` redraws the rest. */
export function speak(changed) {
  const choice = find("language");
  const use = chosen => {
    language = chosen;
    locale = navigator.languages.find(each => each.startsWith(chosen)) ?? chosen;
    document.documentElement.lang = chosen;
    choice.value = chosen;
    for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  };
  choice.addEventListener("change", () => {
    remember(choice.value);
    use(choice.value);
    changed();
  });
  const stored = remembered();
  const browser = navigator.language?.startsWith("es") ? "es" : "en";
  use(stored in LANGUAGES ? stored : browser);
}
