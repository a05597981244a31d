import { expect, test } from "vitest";

import { withFileErrors } from "../../src/files/file-error.ts";

const failing = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error(`${code}: no`), { code });
};

test.each([
  ["ENOSPC", "unavailable", "is full"],
  ["EDQUOT", "unavailable", "is full"],
  ["EACCES", "denied", "check its owner"],
  ["EROFS", "denied", "is on a read-only file system"],
])("%s is %s, with the destination instead of its temporary file", async (code, ours, words) => {
  const work = withFileErrors(
    "/images/layout/.drayage-01234567-1-0123456789abcdef/x",
    failing(code),
  );
  await expect(work).rejects.toMatchObject({ code: ours, retryable: false });
  await expect(work).rejects.toThrow(words);
  await expect(work).rejects.toThrow("/images/layout");
  await expect(work).rejects.not.toThrow(".drayage");
});

test("an unknown error is not converted", async () => {
  await expect(withFileErrors("/x", failing("EIO"))).rejects.toMatchObject({ code: "EIO" });
});
