/**
 * The names of the settings in a profile. In a module of its own, so that the command line need not load the code that reads
 * profiles.
 */
export const profileKeys = [
  'controller',
  'hub',
  'user',
  'server_name',
  'token_file',
  'token_command',
] as const;
export type ProfileKey = (typeof profileKeys)[number];
