import { Option } from "commander";

/** An independent flag. Without this, commander treats `--no-…` as the negation of another flag. */
export function separate(flags: string, description: string): Option {
  const option = new Option(flags, description);
  option.negate = false;
  return option;
}
