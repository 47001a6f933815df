// Talks to the service. A snapshot that it stores is asked about by its id; where it stores none, the manifests go with
// each request. The token is kept in sessionStorage, and nowhere else.

const TOKEN = "reachproof.token";

/** A request that was refused: `status`, and `problems` as the service lists them. */
export class Refused extends Error {
  constructor(status, detail, problems) {
    super(detail);
    this.status = status;
    this.problems = problems;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (value) => (value ? sessionStorage.setItem(TOKEN, value) : sessionStorage.removeItem(TOKEN)),
};

/** What questions are about. `files`: the texts that are known here; `id`: how the service calls it, if it does. */
export class Source {
  constructor({ files = [], id = null, name = null, stored = false } = {}) {
    this.files = files;
    this.id = id;
    this.name = name;
    this.stored = stored;
    const joined = joinFiles(files);
    this.text = joined.text;
    this.starts = joined.starts;
  }

  /** The part of a request that says what it is about. */
  get body() {
    if (this.stored) return { snapshot: this.id };
    return this.files.length ? { manifests: this.text } : {};
  }

  get empty() {
    return !this.stored && !this.files.length;
  }

  /** Where a place of the input is in the files that are known here: {file, line, text}, or null. */
  locate(origin) {
    if (!origin || !this.files.length) return null;
    const named = this.files.find((file) => file.name === origin.file);
    if (named) return { file: named.name, line: origin.line, text: named.text };
    const index = this.starts.findLastIndex((start) => start <= origin.line);
    if (index < 0) return null;
    const { name, text } = this.files[index];
    return { file: name, line: origin.line - this.starts[index] + 1, text };
  }
}

/** All files as one text of several documents, and the line at which each of them begins. */
function joinFiles(files) {
  const starts = [];
  let text = "";
  let line = 1;
  for (const file of files) {
    if (text) {
      text += "---\n";
      line += 1;
    }
    starts.push(line);
    const own = file.text.endsWith("\n") ? file.text : `${file.text}\n`;
    text += own;
    line += own.split("\n").length - 1;
  }
  return { text, starts };
}

export class Service {
  constructor() {
    this.options = {};
    this.bare = true; // whether it has no snapshot of its own, for requests that name none
  }

  /** The JSON that a route answers to a body. */
  async post(path, body, signal) {
    return this.send(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });
  }

  async send(path, { headers = {}, ...rest } = {}) {
    const known = token.get();
    const allHeaders = known ? { ...headers, authorization: `Bearer ${known}` } : headers;
    const response = await fetch(path, { ...rest, headers: allHeaders, credentials: "same-origin" });
    const text = await response.text();
    const found = parsed(text);
    if (response.ok && found !== undefined) return found;
    const detail = found?.detail ?? `the service answered with ${response.status}`;
    throw new Refused(response.status, detail, found?.errors ?? []);
  }

  about(source) {
    const plain = (this.bare && source.empty) || !Object.keys(this.options).length;
    return plain ? source.body : { ...source.body, options: this.options };
  }

  query(source, text) {
    return this.post("/query", { ...this.about(source), query: text });
  }

  complete(source, text, cursor, signal) {
    return this.post("/query/complete", { ...this.about(source), text, cursor }, signal);
  }

  /** The names of the namespaces. */
  async namespaces(source) {
    const { suggestions } = await this.post("/query/complete", { ...this.about(source), text: "can namespace ", most: 500 });
    return suggestions.filter((each) => each.kind === "namespace").map(({ text }) => text.replace(/^(["'])(.*)\1$/, "$2"));
  }

  check(source, pack) {
    return this.post("/check", { ...this.about(source), pack });
  }

  connectivity(source, request) {
    return this.post("/connectivity", { ...this.about(source), ...request });
  }

  /** Snapshots that the service stores: [{id, name}], or null where it stores none. */
  async stored() {
    const found = await this.optional("/snapshots");
    const listed = Array.isArray(found) ? found : found?.snapshots;
    return listed ? listed.map((each) => ({ id: each.id, name: each.names?.[0] ?? each.name ?? "" })) : null;
  }

  /** The files as a source: stored in the service where it can, else sent along with each request. */
  async upload(files) {
    const source = new Source({ files });
    const kept = await this.optional("/snapshots", {
      method: "POST",
      headers: { "content-type": "application/yaml" },
      body: source.text,
    });
    return kept ? new Source({ files, id: kept.id, stored: true }) : source;
  }

  /** As `send`; null where there is no such route, or the token is for reading only. */
  async optional(path, init) {
    try {
      return await this.send(path, init);
    } catch (error) {
      if (error instanceof Refused && (error.status === 404 || error.status === 405 || (init && error.status === 403))) return null;
      throw error;
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
