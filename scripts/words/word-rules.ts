export interface WordRule {
  /** Global, so that every occurrence is reported. */
  readonly pattern: RegExp;
  /** The words to use instead. */
  readonly advice: string;
}

/** Words that comments, documentation, messages and test titles must not contain. */
export const proseRules: readonly WordRule[] = [
  rule("told|tells?|telling", "reports, returns, logs"),
  rule("says?|said|saying", "reports, returns, logs, message"),
  rule("lent|lends?", "reusable, reuses"),
  rule("made[- ]up|makes up", "generated"),
  rule("unpack(?:s|ed|ing)?", "decompress, uncompressed, extract"),
  rule("packs?|packed|packing", "compress, compressed", { near: /\blayers?\b/i }),
  rule("(?<!in |takes? |taking )places?", "location, store"),
  rule("learnt|remember\\w*|sightings?", "cached, stores"),
  rule("takes? turns|in turn|budgets?", "semaphore, mutex, limit"),
  rule("paces?", "rate limit"),
  rule("g[ia]ve[sn]? up|giving up", "abort, cancel"),
  rule("patien(?:t|ce|tly)|impatient(?:ly)?", "with retries"),
  rule("usual", "default"),
  rule("proven|proofs?|proves?", "verified"),
  rule("c[oa]mes? along", "is included, is copied with"),
  rule("refusals?", "error response"),
  rule("elsewhere", "external, or name the location"),
  rule("(?:some|no|any|every)body|whoever|who ?ever|whomever", "a noun: user, client, process"),
  rule("the ones?(?= that\\b| which\\b| who\\b)|that which|of which", "a noun"),
  rule("perhaps", "may, optionally"),
  rule("goes on", "continues, resumes"),
];

/** Words that declared names must not contain, split by case. */
export const nameRules: readonly WordRule[] = [
  part("lent", "reuse…"),
  part("learnt|remembered", "cached…"),
  part("told|said|untold|unsaid", "reported…, logged…"),
  part("somebody|nobody|anybody|whoever|perhaps", "a noun"),
  part("patiently|patience|patient", "…WithRetries, maxAttempts, timeout"),
  part("refusals?", "errorResponse"),
  part("unpacked|unpack|unpacks", "decompressed…"),
  part("elsewhere", "external…"),
  { pattern: /madeUp|goodUntil|youngUntil|inTurn|comesAlong|givenUp/gi, advice: "a standard term" },
  {
    pattern: /^#?(?:most|least|longest|shortest|largest|smallest|greatest|fewest)(?=[A-Z])/g,
    advice: "max… or min…",
  },
];

function rule(words: string, advice: string, { near }: { near?: RegExp } = {}): WordRule {
  const word = `\\b(?:${words})\\b`;
  if (near === undefined) return { pattern: new RegExp(word, "gi"), advice };
  const sentence = "[^.;:\\n]{0,80}";
  const pattern = `${word}(?=${sentence}${near.source})|(?<=${near.source}${sentence})${word}`;
  return { pattern: new RegExp(pattern, "gi"), advice };
}

/** Matches a whole part of a camel-case name. */
function part(words: string, advice: string): WordRule {
  const capital = words.replaceAll(/(^|\|)[a-z]/g, (start) => start.toUpperCase());
  return {
    pattern: new RegExp(`(?<![A-Za-z])(?:${words})(?![a-z])|(?:${capital})(?![a-z])`, "g"),
    advice,
  };
}
