// Reads server-sent events of an answer to `fetch`, which can send headers, as EventSource cannot.

/** Yields `{event, id, data}`, and `{comment}` for each comment, until the answer ends. */
export async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let found = fresh();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith(":")) yield { comment: line.slice(1).trim() };
        else if (line !== "") add(found, line);
        else {
          if (found.data !== null) yield found;
          found = fresh();
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {
      // The connection is gone already.
    });
  }
}

const fresh = () => ({ event: "message", id: null, data: null });

function add(found, line) {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") found.data = found.data === null ? value : `${found.data}\n${value}`;
  else if (name === "event" || name === "id") found[name] = value;
}
