// A link to a question: the fragment of the address, which browsers do not send to any server.

/** What the fragment says: {question, snapshot, tenantLabel, cni}. */
export function shared() {
  const found = new URLSearchParams(location.hash.slice(1));
  const value = (name) => found.get(name) ?? "";
  return { question: value("q"), snapshot: value("s"), tenantLabel: value("tenant"), cni: value("cni") };
}

/** Puts a question into the address, and gives the whole link. */
export function share({ question, snapshot, options }) {
  const parts = new URLSearchParams();
  parts.set("q", question);
  if (snapshot) parts.set("s", snapshot);
  if (options.tenantLabel) parts.set("tenant", options.tenantLabel);
  if (options.cni) parts.set("cni", options.cni);
  history.replaceState(null, "", `#${parts}`);
  return location.href;
}
