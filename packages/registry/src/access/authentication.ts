/** What may be done in a repository. Pushing needs `pull` as well. */
export type RepositoryAction = "pull" | "push" | "delete";

/** By repository; `*` stands for all that are not named. */
export type RepositoryRights = Readonly<Record<string, readonly RepositoryAction[]>>;

/** Somebody who may log in. */
export interface RegistryUser {
  readonly password: string;
  /** A refresh token that stands for name and password; docker calls it an identity token. */
  readonly identityToken?: string | undefined;
  /** Default: everything. */
  readonly rights?: RepositoryRights | undefined;
}

/** By name. */
export type RegistryUsers = Readonly<Record<string, RegistryUser>>;

/** How clients say who they are. */
export type RegistryAuthentication = BasicAuthentication | BearerAuthentication;

/** Name and password with each request (RFC 7617). */
export interface BasicAuthentication {
  readonly kind: "basic";
  readonly users: RegistryUsers;
}

/** Tokens from a second endpoint, each for what was asked (distribution, "Token Authentication Specification"). */
export interface BearerAuthentication {
  readonly kind: "bearer";
  readonly users: RegistryUsers;
  /** Of those who give no name. Default: none. */
  readonly anonymous?: RepositoryRights | undefined;
  /** Seconds. Default 300. */
  readonly tokenLifetime?: number | undefined;
  /** Gives tokens out on another port. */
  readonly separateTokenServer?: boolean | undefined;
}

/** The user that a Basic `Authorization` header names with the right password. */
export function findBasicUser(
  header: string | undefined,
  users: RegistryUsers,
): RegistryUser | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? "") ?? [];
  const text = Buffer.from(encoded ?? "", "base64").toString();
  const colon = text.indexOf(":");
  return findUser(users, text.slice(0, Math.max(colon, 0)), text.slice(colon + 1));
}

export function findUser(
  users: RegistryUsers,
  name: string,
  password: string,
): RegistryUser | undefined {
  const user = users[name];
  return user?.password === password ? user : undefined;
}
