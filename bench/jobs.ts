import type { Tool } from "./tools.ts";

/** What a tool is to work on. */
interface Work {
  readonly tool: Tool;
  /** Has one image, named `image`. */
  readonly layout: string;
  /** A docker archive of that image. */
  readonly archive: string;
  /** Of the registry. */
  readonly host: string;
  /** A layout or an archive that is not there yet. */
  readonly to: string;
}

/** What is measured, each with a registry of its own. */
export interface Job {
  readonly name: string;
  /** Whether the registry has the image already. */
  readonly isThere: boolean;
  /** undefined where the tool cannot do it. */
  command(work: Work): readonly string[] | undefined;
}

/** Where the image is, or is to be. */
export function imageAt(host: string): string {
  return `${host}/bench/image:tag`;
}

export const jobs: readonly Job[] = [
  {
    name: "push",
    isThere: false,
    command: ({ tool, layout, host }) => tool.push(layout, imageAt(host)),
  },
  {
    name: "push again",
    isThere: true,
    command: ({ tool, layout, host }) => tool.push(layout, imageAt(host)),
  },
  {
    name: "another tag",
    isThere: true,
    command: ({ tool, layout, host }) => tool.push(layout, `${host}/bench/image:other`),
  },
  {
    name: "pull",
    isThere: true,
    command: ({ tool, host, to }) => tool.pull(imageAt(host), to),
  },
  {
    name: "to another repository",
    isThere: true,
    command: ({ tool, host }) => tool.copy(imageAt(host), `${host}/bench/other:tag`),
  },
  {
    name: "push an archive",
    isThere: false,
    command: ({ tool, archive, host }) => tool.pushArchive?.(archive, imageAt(host)),
  },
  {
    name: "pack an archive",
    isThere: false,
    command: ({ tool, layout, to }) => tool.packArchive?.(layout, to),
  },
];
