import { writeFile } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { checkCredentials } from "../src/index.ts";
import { startServer } from "./recording-server.ts";

const ann = { username: "ann", password: "correct horse" };
const users = { ann: { password: ann.password, identityToken: "idt" } };

async function confOf(content: string): Promise<string> {
  const file = path.join(await scratchFolder(), "registries.conf");
  await writeFile(file, content);
  return file;
}

describe.each(["basic", "bearer"] as const)("a registry with %s authentication", (kind) => {
  test("accepts valid credentials only", async () => {
    await using registry = await startRegistry({ authentication: { kind, users } });
    await checkCredentials(`${registry.host}/team`, ann);
    const wrong = { ...ann, password: "battery staple" };
    const error: unknown = await checkCredentials(registry.host, wrong).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "denied", message: expect.any(String) as string });
    expect(String(error)).toContain("does not accept this user name and password");
    expect(String(error)).not.toContain(wrong.password);
  });
});

test("a registry with tokens accepts an identity token", async () => {
  await using registry = await startRegistry({ authentication: { kind: "bearer", users } });
  await checkCredentials(registry.host, { identityToken: "idt" });
  await expect(checkCredentials(registry.host, { identityToken: "x" })).rejects.toMatchObject({
    code: "denied",
  });
});

test("a registry without authentication accepts all credentials", async () => {
  await using registry = await startRegistry();
  await checkCredentials(registry.host, ann);
});

test("a host that is not a registry is unavailable", async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(404, { "content-type": "text/html" }).end("<html></html>");
  });
  await expect(checkCredentials(server.host, ann)).rejects.toMatchObject({ status: 404 });
});

test("a registry that registries.conf blocks gets no request", async () => {
  await using registry = await startRegistry({ authentication: { kind: "basic", users } });
  const entry = `[[registry]]\nlocation = "${registry.host}/team"\nblocked = true\n`;
  const registriesConf = await confOf(entry);
  const blocked = checkCredentials(`${registry.host}/team/app`, ann, { registriesConf });
  await expect(blocked).rejects.toMatchObject({ code: "untrusted" });
  expect(registry.requests).toEqual([]);
  await checkCredentials(registry.host, ann, { registriesConf });
});

test.skipIf(opensslProgram === undefined)(
  "a registry that is insecure in registries.conf needs no trusted certificate (needs openssl)",
  async () => {
    const tls = newAuthority(await scratchFolder(), "nobody").issue("registry");
    await using registry = await startRegistry({ authentication: { kind: "basic", users }, tls });
    await expect(checkCredentials(registry.host, ann)).rejects.toMatchObject({
      code: "unavailable",
    });
    const entry = `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`;
    const registriesConf = await confOf(entry);
    await checkCredentials(registry.host, ann, { registriesConf });
    await expect(
      checkCredentials(registry.host, ann, { registriesConf, insecure: false }),
    ).rejects.toMatchObject({ code: "unavailable" });
  },
);
