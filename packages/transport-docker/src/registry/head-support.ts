/** Whether a registry implements HEAD for one kind of content, as far as its responses have shown. */
export class HeadSupport {
  /** A HEAD request was answered like a GET request: a 404 can be trusted. */
  isReliable = false;
  /** A GET request found what a HEAD request did not: HEAD is not sent any more. */
  isMissing = false;

  learn(head: number, get: number): void {
    const isDenied = head === 401 || head === 403;
    if (isFound(get)) this.isMissing = true;
    else if (isDenied && head === get) this.isReliable = true;
  }
}

/** Whether the status is that of content that is there: also of a range that is not, of an empty blob. */
export function isFound(status: number): boolean {
  return status === 200 || status === 206 || status === 416;
}
