/** An action in a repository. Clients that push need `pull` too. */
export type RepositoryAction = "pull" | "push" | "delete";

/** By repository; `*` applies to all repositories that are not listed. */
export type RepositoryRights = Readonly<Record<string, readonly RepositoryAction[]>>;

/** A user who may log in. */
export interface RegistryUser {
  readonly password: string;
  /** A refresh token that replaces name and password. docker calls it an identity token. */
  readonly identityToken?: string | undefined;
  /** The default is all actions. */
  readonly rights?: RepositoryRights | undefined;
}

/** By name. */
export type RegistryUsers = Readonly<Record<string, RegistryUser>>;

/** How clients authenticate. */
export type RegistryAuthentication = BasicAuthentication | BearerAuthentication;

/** Name and password in each request (RFC 7617). */
export interface BasicAuthentication {
  readonly kind: "basic";
  readonly users: RegistryUsers;
}

/** Tokens from a token endpoint, each for a scope (distribution, "Token Authentication Specification"). */
export interface BearerAuthentication {
  readonly kind: "bearer";
  readonly users: RegistryUsers;
  /** Rights of anonymous clients. The default is none. */
  readonly anonymous?: RepositoryRights | undefined;
  /** Seconds. The default is 300. */
  readonly tokenLifetime?: number | undefined;
  /** Serves the token endpoint on another port. */
  readonly separateTokenServer?: boolean | undefined;
}

/** The user of a Basic `Authorization` header, if the password is correct. */
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
