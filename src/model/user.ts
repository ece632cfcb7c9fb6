/**
 * The syntax of user names from any origin: they become part of paths and of a header.
 */
export const userName = /^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/;
