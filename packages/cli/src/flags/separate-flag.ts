import { Option } from "commander";

/** A flag of its own, also where it is named `--no-…`: commander would take that for the opposite of another. */
export function separate(flags: string, description: string): Option {
  const option = new Option(flags, description);
  option.negate = false;
  return option;
}
