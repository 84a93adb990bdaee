import { useCallback } from "react";
import type { Claim } from "../api/types";
import { useServices } from "../app/services";
import { useEvery, useQuery, type Query } from "../ui/hooks";

/** Seconds between two looks at what waits for approval. */
const LOOK_AGAIN = 10;

/** What waits for approval. It is decided apart from its incident, whose news say nothing of it: it is asked for now and then. */
export function useApprovals(): Query<{ approvals: Claim[] }> {
  const { client } = useServices();
  const query = useQuery("approvals", () => client.approvals());
  const { problem, reload } = query;
  const isRefused = problem !== null && (problem.isAbsent || problem.status === 403);
  useEvery(LOOK_AGAIN, useCallback(() => {
    if (!isRefused) reload();
  }, [isRefused, reload]));
  return query;
}
