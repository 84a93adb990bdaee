import { expect, it } from "vitest";
import { differences, sentences } from "./document";

it("tells what changes, path by path", () => {
  expect(differences({ ec2: { cpu: 80, list: [1, 2] }, gone: true }, { ec2: { cpu: 85, list: [1, 3] }, came: "x" })).toEqual([
    'came: absent → "x"',
    "ec2.cpu: 80 → 85",
    "ec2.list.1: 2 → 3",
    "gone: true → absent",
  ]);
  expect(differences({ a: [] }, { a: [] })).toEqual([]);
});

it("tells an answer in lines", () => {
  expect(sentences({ would_have_fired: 3, resources: ["i-1"] })).toEqual(["would have fired: 3", "resources.0: i-1"]);
});
