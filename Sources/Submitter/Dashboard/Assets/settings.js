// What a person has chosen, kept by the browser where it keeps anything.

const memory = new Map();

export function kept(name) {
  try {
    return localStorage.getItem(name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

export function keep(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is switched off: the choice holds as long as the page.
  }
}
