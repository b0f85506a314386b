import { expect, test } from "vitest";
import { fileError } from "./file-error.ts";

test.each([
  ["ENOSPC", "the disk is full", "Free some space, or choose a folder on another disk."],
  ["EDQUOT", "the disk quota is used up", "Free some space, or choose a folder on another disk."],
  [
    "EACCES",
    "permission denied",
    "Change the permissions of the file and its folder, or choose another place.",
  ],
  ["EROFS", "the disk is read-only", "Choose a folder on a disk that can be written."],
])("%s is told in words", (code, reason, hint) => {
  const cause = Object.assign(new Error("low"), { code });
  expect(fileError("write the model", "/some/file", cause)).toMatchObject({
    name: "NuwaError",
    code: "FILE",
    message: `Could not write the model /some/file: ${reason}. ${hint}`,
    hint,
    cause,
  });
});

test("what has no known code keeps its own words", () => {
  const error = fileError("read", "/some/file", new Error("odd bytes"));
  expect(error.message).toBe("Could not read /some/file: odd bytes.");
  expect(error.hint).toBeUndefined();
  expect(fileError("read", "/some/file", "odd").message).toBe("Could not read /some/file: odd.");
});
