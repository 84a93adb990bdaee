import { expect, it } from "vitest";
import { limited } from "./limited";

it("runs a few at a time, all of them, in order, also after a failure", async () => {
  const turn = limited(2);
  let running = 0;
  let most = 0;
  const started: number[] = [];
  const task = (number: number) => async () => {
    started.push(number);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    if (number === 1) throw new Error("failed");
    return number;
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((number) => turn(task(number))));
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(4);
});
