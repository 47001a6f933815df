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

  async send(path, init) {
    return (await this.request(path, init)).found;
  }

  /** The status and the JSON of a response; raises Refused for an error. */
  async request(path, { headers = {}, ...rest } = {}) {
    const known = token.get();
    const allHeaders = known ? { ...headers, authorization: `Bearer ${known}` } : headers;
    const response = await fetch(path, { ...rest, headers: allHeaders, credentials: "same-origin" });
    const found = parsed(await response.text());
    if (response.ok && found !== undefined) return { status: response.status, found };
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

  /** Snapshots that the service stores: [{id, names, createdAt}]; none where it stores none. */
  async stored() {
    const kept = await unless([401, 403, 404, 405, 503], this.request("/snapshots?limit=1000"));
    return kept?.found.snapshots ?? [];
  }

  /** Gives a stored snapshot a name. */
  name(id, name) {
    const body = JSON.stringify({ id });
    return this.send(`/snapshots/names/${encodeURIComponent(name)}`, { method: "PUT", headers: { "content-type": "application/json" }, body });
  }

  /** The files as a source: stored in the service where it stores them for us, else sent along with each request. */
  async upload(files) {
    const form = new FormData();
    for (const { name, text } of files) form.append("file", new File([text], name), name);
    const cni = this.options.cni ? `?cni=${encodeURIComponent(this.options.cni)}` : "";
    const kept = await unless([403, 404, 405, 503], this.request(`/snapshots${cni}`, { method: "POST", body: form }));
    if (!kept) return new Source({ files });
    const { id } = kept.found;
    // What was stored before is left as it is, with the places of those files.
    const same = kept.status === 201 || (await this.storedFrom(id, files));
    return new Source({ files: same ? files : [], id, stored: true, name: files.map(({ name }) => name).join(", ") });
  }

  /** Whether the places of a stored snapshot are places in these files. */
  async storedFrom(id, files) {
    const kept = await unless([403, 404], this.request(`/snapshots/${encodeURIComponent(id)}?content=true`));
    const lines = new Map(files.map(({ name, text }) => [name, text.split("\n")]));
    return Boolean(kept) && kept.found.objects.every(({ object, origin }) => stands(lines.get(origin.file), origin.line, object));
  }
}

/** Whether the text of an object begins in a line: its name comes before the next document. */
function stands(lines, line, object) {
  if (!lines || line < 1) return false;
  const next = lines.findIndex((each, index) => index >= line && /^---(\s|$)/.test(each));
  return lines.slice(line - 1, next < 0 ? undefined : next).some((each) => each.includes(object.metadata.name));
}

/** What is promised; null where it is refused with one of these statuses. */
async function unless(statuses, promised) {
  try {
    return await promised;
  } catch (error) {
    if (error instanceof Refused && statuses.includes(error.status)) return null;
    throw error;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
