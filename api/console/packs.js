// A pack: every statement with its verdict, and the answer behind it.

import { answerView, badge } from "./answer.js";
import { counted, el } from "./dom.js";

export const EXAMPLE_PACK = `# Each statement has a name or a text, and a severity.
invariant tenants-are-isolated (critical) "No tenant reaches another":
  all tenants are isolated
invariant dns-works (high): every pod in tenant A can reach service kube-system/kube-dns on udp/53
invariant default-deny (high): BANP enforces default deny for every tenant
expect unreachable "no direct database access": can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?
`;

const SIGNS = { passed: ["good", "✓"], failed: ["bad", "✗"] };

/** The whole report. */
export function reportView(report, show) {
  const failed = report.answers.filter((answer) => answer.status === "failed").length;
  const passed = report.answers.filter((answer) => answer.status === "passed").length;
  const others = report.answers.length - failed - passed;
  const counts = [`${passed} passed`, `${failed} failed`, others ? `${others} undecided` : null, report.skipped.length ? `${report.skipped.length} skipped` : null];
  return el(
    "article",
    { className: "answer", "aria-label": "Report" },
    el("div", { className: `verdict ${{ holds: "good", violated: "bad" }[report.verdict] ?? "unsure"}` }, el("h2", {}, badge(report.verdict)), el("p", {}, `${counted(report.answers.length, "statement")}: ${counts.filter(Boolean).join(", ")}`)),
    el("div", { className: "statements" }, report.answers.map((answer) => statement(answer, show))),
    report.skipped.length ? el("ul", {}, report.skipped.map((each) => el("li", {}, el("strong", {}, each.name), `: ${each.reason}`))) : null,
  );
}

/** A statement that opens to its answer, which is made when it is first opened. */
function statement(answer, show) {
  const [tone, sign] = SIGNS[answer.status] ?? ["unsure", "?"];
  const details = el(
    "details",
    { className: `statement ${tone}` },
    el("summary", {}, el("span", { className: `badge ${tone}` }, el("span", { "aria-hidden": "true" }, sign), ` ${answer.status}`), el("strong", {}, answer.name), el("span", { className: "tag" }, answer.severity), el("span", { className: "facts" }, answer.verdict === answer.expected ? answer.verdict : `${answer.verdict}, expected ${answer.expected}`)),
  );
  details.addEventListener("toggle", () => details.open && details.children.length === 1 && details.append(answerView(answer, show)));
  return details;
}
