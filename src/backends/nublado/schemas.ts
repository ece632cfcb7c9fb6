/**
 * The controller's JSON: a lab's state, the users, and the bodies of refusals (contract, "Routes" and "Refusals").
 *
 * Owns the schemas only. Newer controllers may add fields and values, so objects are open and an unknown status is kept
 * unchanged.
 */
import * as z from 'zod';
import { parseWith, type Parsed } from '../../model/parsed.js';
import { userName } from '../../model/user.js';

/** The state of a lab as the controller reports it. Newer controllers may report more fields. */
export interface LabState {
  status: string;
  /** Set while still pending, and meaningful inside the cluster only. */
  internal_url?: string | null | undefined;
  user?: { username: string; [field: string]: unknown } | null | undefined;
  options?:
    | { image?: string | null | undefined; size?: string | null | undefined; [field: string]: unknown }
    | null
    | undefined;
  [field: string]: unknown;
}

const labStateSchema: z.ZodType<LabState> = z.looseObject({
  status: z.string(),
  internal_url: z.string().nullish(),
  user: z.looseObject({ username: z.string() }).nullish(),
  options: z.looseObject({ image: z.string().nullish(), size: z.string().nullish() }).nullish(),
});

/** Checks that a value is a state as the controller sends it. Unknown fields and statuses are kept. */
export function parseLabState(value: unknown): Parsed<LabState> {
  return parseWith(labStateSchema, value);
}

/** Gafaelfawr's `token-info`; `expires` is in seconds since the epoch, and absent for a token that does not expire. */
export const TokenInfo = z.looseObject({ expires: z.number().nullish() });

/** Gafaelfawr's `user-info`; only the name is used. */
export const UserInfo = z.looseObject({ username: z.string().regex(userName) });

/** The response to `GET labs`. */
export const Users = z.array(z.string());

/**
 * A refusal's JSON body in both of its shapes. `input` and `ctx`, which a 422 carries, echo the request with its
 * environment, so they are dropped here and can never be printed.
 */
export const ErrorBody = z.object({
  detail: z.union([
    z.string(),
    z.array(
      z.object({
        msg: z.string(),
        type: z.string(),
        loc: z.array(z.union([z.string(), z.number()])).optional(),
      }),
    ),
  ]),
});
