/**
 * The Hub's JSON: users, servers, and the body of a refusal (contract, "Routes" and "Refusals").
 *
 * Owns the schemas only. Other versions have more keys, so objects are open; unused keys are not checked.
 */
import * as z from 'zod';

const text = z.string().nullish();

export const ServerModel = z.looseObject({
  name: text,
  /** `spawn`, `stop`, `check`, and from version 6 on `rename`; null if nothing is pending. */
  pending: text,
  ready: z.boolean().nullish(),
  stopped: z.boolean().nullish(),
  /** A path, or with hosts for users an absolute URL. */
  url: text,
  full_progress_url: text,
  user_options: z.unknown().optional(),
  started: text,
  last_activity: text,
});
export type ServerModel = z.infer<typeof ServerModel>;

export const UserModel = z.looseObject({
  name: z.string(),
  /** Missing if the token may not see servers, which does not mean that there are none. */
  servers: z.record(z.string(), ServerModel).optional(),
});
export type UserModel = z.infer<typeof UserModel>;

/** `GET hub/api/user`: the token's owner. A service has no servers. */
export const TokenOwner = z.looseObject({
  kind: text,
  name: z.string(),
  scopes: z.array(z.string()).nullish(),
  servers: z.record(z.string(), ServerModel).optional(),
});
export type TokenOwner = z.infer<typeof TokenOwner>;

/** One page of `GET hub/api/users`: as requested, with the number of users on all pages; a list if that is not known. */
export const UserPage = z.union([
  z
    .object({ items: z.array(UserModel), _pagination: z.looseObject({ total: z.number() }) })
    .transform(({ items, _pagination: { total } }) => ({ items, total })),
  z.array(UserModel).transform((items) => ({ items, total: Infinity })),
]);

export const Version = z.looseObject({ version: z.string() });

/** All errors of the API have this shape. Jupyter Server's have no `status`. */
export const ErrorBody = z.looseObject({ status: z.number(), message: text });
