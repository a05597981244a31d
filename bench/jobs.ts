import type { Tool } from "./tools.ts";

/** The input of a tool. */
interface Work {
  readonly tool: Tool;
  /** A layout with one image named `image`. */
  readonly layout: string;
  /** A docker archive of that image. */
  readonly archive: string;
  /** The host of the registry. */
  readonly host: string;
  /** A layout or an archive to create. */
  readonly to: string;
}

/** A job to measure, with its own registry. */
export interface Job {
  readonly name: string;
  /** Whether the registry has the image already. */
  readonly isThere: boolean;
  /** undefined if the tool does not support it. */
  command(work: Work): readonly string[] | undefined;
}

/** The name of the image in the registry. */
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
    name: "archive to layout",
    isThere: false,
    command: ({ tool, layout, to }) => tool.packArchive?.(layout, to),
  },
];
