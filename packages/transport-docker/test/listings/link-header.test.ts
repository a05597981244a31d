import { describe, expect, test } from "vitest";

import { parseLinks } from "../../src/listings/link-header.ts";
import { nextPageOf } from "../../src/listings/next-page.ts";

const url = new URL("https://a.example/v2/x/tags/list");

function nextIn(link: string): string | undefined {
  return nextPageOf({
    status: 200,
    url,
    headers: { link },
    bytes: (async function* () {})(),
    discard: async () => {},
  })?.href;
}

const next = "https://a.example/v2/x/tags/list?last=b";

describe("the next page", () => {
  test.each([
    '</v2/x/tags/list?last=b>; rel="next"',
    "</v2/x/tags/list?last=b>; rel=next",
    "</v2/x/tags/list?last=b>;rel=next",
    '</v2/x/tags/list?last=b> ; REL = "NEXT"',
    "</v2/x/tags/list?last=b>",
    "</v2/x/tags/list?last=b>; title=more",
    "/v2/x/tags/list?last=b",
    '/v2/x/tags/list?last=b; rel="next"',
    "<?last=b>; rel=next",
    "<list?last=b>; rel=next",
    "<https://external.example/v2/x/tags/list?last=b>; rel=next",
    "<//external.example/v2/x/tags/list?last=b>; rel=next",
    '</v2/x/tags/list?last=b>; rel="last next"',
    '</v2/x/tags/list?last=b>; title="a, \\"b\\"; rel=prev"; rel="next"',
    "</v2/x/tags/list?last=b>; rel=next; rel=prev",
    "</v2/x>; rel=prev, </v2/x/tags/list?last=b>; rel=next",
    '</v2/x>; rel="first"; title="<z>, y",, </v2/x/tags/list?last=b>; rel="next"',
    "</v2/x>, </v2/x/tags/list?last=b>; rel=next",
  ])("is the target of %s", (link) => {
    expect(nextIn(link)).toBe(next);
  });

  test.each([
    "",
    ",",
    "</v2/x>; rel=prev",
    '</v2/x>; rel="nextish"',
    "</v2/x>; rel=prev; rel=next",
    '</v2/x>; rel=""',
    "</v2/x>, </v2/y>",
    '</v2/x>; title="rel=next"; rel=prev',
    "<",
  ])("is not the target of %s", (link) => {
    expect(nextIn(link)).toBeUndefined();
  });

  test.each(["<ftp://a.example/x>; rel=next", "<http://>; rel=next", "<file:///etc>"])(
    "that is %s is an error, not the end of the list",
    (link) => {
      expect(() => nextIn(link)).toThrow(expect.objectContaining({ code: "unsupported" }));
    },
  );

  test("may have a URL with a comma", () => {
    expect(nextIn("<?last=b,c>; rel=next")).toBe("https://a.example/v2/x/tags/list?last=b,c");
  });
});

test.each([
  ["<", 1_000_000],
  [" ", 1_000_000],
  ["; ", 1_000_000],
  ['"', 1_000_000],
  ["<a>; rel=", 200_000],
  ["\\", 1_000_000],
])("a header of many %j is parsed in linear time", (text, count) => {
  const started = performance.now();
  parseLinks(`<a>; rel="${text.repeat(count)}`);
  parseLinks(text.repeat(count));
  expect(performance.now() - started).toBeLessThan(5000);
});
