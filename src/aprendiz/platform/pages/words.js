// The page's words in both languages, and how numbers and times are written in each.
// What the service itself says (events, errors) stays as the service says it.

import { find } from "./dom.js";

const STORED = "aprendiz.language";

const ENGLISH = {
  platform: "platform", language: "Language", forget: "Forget the key",
  gateTitle: "Which key?", key: "Key", enter: "Enter",
  gateText: "The platform wrote it when it first started. It stays in this tab and is forgotten when the tab closes.",
  keyWrong: "The platform does not know this key.",
  gone: "The platform does not answer. This page asks again every few seconds.",
  noJobs: "No jobs yet", jobs: "Jobs", refresh: "Refresh", older: "Show older jobs",
  noJobsText: "Five lines start one; so does the form below. A training file has one conversation a line:",
  pause: "Pause", resume: "Resume", cancel: "Cancel", result: "Result file",
  sureCancel: "Cancel this job? It cannot be taken up again.",
  curve: "Loss", settings: "Settings in force", checkpoints: "Checkpoints", events: "Events",
  noCheckpoints: "None yet; one is kept after each epoch.",
  noCurveYet: "No figures yet.", noCurve: "This method does not learn step by step, so there is no curve.",
  trainingLoss: "training loss", validationLoss: "validation loss", step: "step", accuracy: "accuracy",
  lowest: "{name} {last}, lowest {least} at step {step}", onlyLast: "{name} {last}",
  model: "Model", try: "Try", trial: "Try a model", noModels: "There is no finished model yet.",
  text: "Text", ask: "Ask", probabilities: "Probability of each label", took: "{ms} ms",
  start: "Start a job", trainingFile: "Training file (JSONL)", validationFile: "Validation file (not required)",
  base: "Base model", suffix: "Name for the result (not required)", startNow: "Upload and start",
  uploading: "Uploading and checking …", started: "Started {id}.",
  code: "Use it from code", dialect: "Language and client", copy: "Copy", copied: "Copied.",
  left: "about {time} left", soon: "nearly done", steps: "step {done} of {all}", lasted: "took {time}",
  seconds: "{n} s", minutes: "{n} min", hours: "{n} h",
  result_model: "Result", base_model: "Base model", created: "Created", seed: "Seed", id: "Job",
  epochs: "Epochs", batch: "Batch size", rate: "Learning rate ×", tokens: "Trained tokens",
  training: "Training file", validation: "Validation file", automatic: "automatic",
  validating_files: "checking files", queued: "waiting", running: "learning", paused: "paused",
  succeeded: "finished", failed: "failed", cancelled: "cancelled",
};

const SPANISH = {
  platform: "plataforma", language: "Idioma", forget: "Olvidar la clave",
  gateTitle: "¿Qué clave?", key: "Clave", enter: "Entrar",
  gateText: "La plataforma la escribió al arrancar por primera vez. Se queda en esta pestaña y se olvida al cerrarla.",
  keyWrong: "La plataforma no conoce esta clave.",
  gone: "La plataforma no responde. Esta página vuelve a preguntar cada pocos segundos.",
  noJobs: "Aún no hay trabajos", jobs: "Trabajos", refresh: "Actualizar", older: "Ver trabajos anteriores",
  noJobsText: "Cinco líneas bastan para empezar uno; también sirve el formulario de abajo. Un fichero de entrenamiento tiene una conversación por línea:",
  pause: "Pausar", resume: "Reanudar", cancel: "Cancelar", result: "Fichero de resultados",
  sureCancel: "¿Cancelar este trabajo? No se podrá retomar.",
  curve: "Pérdida", settings: "Ajustes en vigor", checkpoints: "Puntos de control", events: "Sucesos",
  noCheckpoints: "Ninguno todavía; se guarda uno tras cada época.",
  noCurveYet: "Todavía no hay cifras.", noCurve: "Este método no aprende paso a paso, así que no hay curva.",
  trainingLoss: "pérdida de entrenamiento", validationLoss: "pérdida de validación", step: "paso", accuracy: "exactitud",
  lowest: "{name} {last}, mínima {least} en el paso {step}", onlyLast: "{name} {last}",
  model: "Modelo", try: "Probar", trial: "Probar un modelo", noModels: "Aún no hay ningún modelo terminado.",
  text: "Texto", ask: "Preguntar", probabilities: "Probabilidad de cada etiqueta", took: "{ms} ms",
  start: "Empezar un trabajo", trainingFile: "Fichero de entrenamiento (JSONL)", validationFile: "Fichero de validación (opcional)",
  base: "Modelo base", suffix: "Nombre del resultado (opcional)", startNow: "Subir y empezar",
  uploading: "Subiendo y revisando…", started: "Empezado: {id}.",
  code: "Usarlo desde código", dialect: "Lenguaje y cliente", copy: "Copiar", copied: "Copiado.",
  left: "quedan unos {time}", soon: "casi terminado", steps: "paso {done} de {all}", lasted: "duró {time}",
  seconds: "{n} s", minutes: "{n} min", hours: "{n} h",
  result_model: "Resultado", base_model: "Modelo base", created: "Creado", seed: "Semilla", id: "Trabajo",
  epochs: "Épocas", batch: "Tamaño del lote", rate: "Tasa de aprendizaje ×", tokens: "Tokens entrenados",
  training: "Fichero de entrenamiento", validation: "Fichero de validación", automatic: "automático",
  validating_files: "revisando ficheros", queued: "en espera", running: "aprendiendo", paused: "en pausa",
  succeeded: "terminado", failed: "fallido", cancelled: "cancelado",
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

/** A Unix time as a date and time of this reader. */
export const moment = seconds =>
  new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" }).format(seconds * 1000);

export const clock = seconds =>
  new Intl.DateTimeFormat(locale, { timeStyle: "medium", hour12: false }).format(seconds * 1000);

/** 75 → "1.3 min": as exact as anyone who waits needs. */
export function span(seconds) {
  if (seconds < 90) return word("seconds", { n: number(Math.max(0, Math.round(seconds))) });
  if (seconds < 5400) return word("minutes", { n: number(seconds / 60, 2) });
  return word("hours", { n: number(seconds / 3600, 2) });
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
    for (const node of document.querySelectorAll("[data-label]"))
      node.setAttribute("aria-label", word(node.dataset.label));
  };
  choice.addEventListener("change", () => {
    localStorage.setItem(STORED, choice.value);
    use(choice.value);
    changed();
  });
  const stored = localStorage.getItem(STORED);
  const browser = navigator.language?.startsWith("es") ? "es" : "en";
  use(stored in LANGUAGES ? stored : browser);
}
