import type { Problem } from "@holdfast/client";
import { useLive } from "../live.ts";
import { client } from "../sync.ts";
import { run } from "../toasts.ts";

/** What the client cannot settle by itself, conflicts apart: they have their own list. */
export function ProblemsSection() {
  const problems = useLive(client.problems).filter((problem) => problem.type !== "conflict");
  if (problems.length === 0) return null;
  return (
    <section className="panel-section" data-testid="problems" aria-label="Problems">
      <h3>
        Problems <span className="count">{problems.length}</span>
      </h3>
      {problems.map((problem, at) => (
        <ProblemCard key={problem.type === "rejected" ? problem.id : `${problem.type} ${at}`} problem={problem} />
      ))}
    </section>
  );
}

function ProblemCard({ problem }: { problem: Exclude<Problem, { type: "conflict" }> }) {
  return (
    <article className="conflict">
      <strong>{problemTitle(problem)}</strong>
      <p className="hint">{problem.error.message}</p>
      {problem.type === "rejected" && (
        <div className="button-row">
          <button type="button" className="button small" onClick={() => run(client.retryRejected(problem.id))}>
            Try again
          </button>
          <button type="button" className="button small danger" onClick={() => run(client.discardRejected(problem.id))}>
            Throw this change away
          </button>
        </div>
      )}
    </article>
  );
}

function problemTitle(problem: Exclude<Problem, { type: "conflict" }>): string {
  switch (problem.type) {
    case "rejected":
      return `The cloud refused “${problem.key}”`;
    case "unreadable":
      return `${problem.keys.length} records of ${problem.dataset} need a newer app`;
    case "blocked":
      return problem.dataset === null ? "The cloud is out of reach" : `“${problem.dataset}” cannot be synced`;
    case "storage":
      return "This browser’s storage";
  }
}
