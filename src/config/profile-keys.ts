/**
 * What a profile may hold, by name: apart from the reading of profiles, so that the command line knows it without
 * loading that.
 */
export const profileKeys = ['controller', 'user', 'token_file', 'token_command'] as const;
export type ProfileKey = (typeof profileKeys)[number];
