/** A challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const leadingSpace = /[\s,]*/y;
const schemeName = new RegExp(token, "y");
const parameter = new RegExp(
  `[\\s,]*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`,
  "y",
);
const token68 = /\s+[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
const separator = /\s*(?:$|,[\s,]*)/y;

/** Parses challenges up to the first invalid one. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(header) ?? undefined;
    if (found !== undefined) at = pattern.lastIndex;
    return found;
  };
  next(leadingSpace);
  for (let scheme = next(schemeName); scheme !== undefined; scheme = next(schemeName)) {
    const parameters = new Map<string, string>();
    for (let found = next(parameter); found !== undefined; found = next(parameter)) {
      const [, name = "", quoted, plain = ""] = found;
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain);
    }
    if (parameters.size === 0) next(token68);
    if (next(separator) === undefined) break;
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters });
  }
  return challenges;
}
