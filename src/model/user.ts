/**
 * What a user name may look like, wherever it comes from: it becomes part of paths and of a header.
 */
export const userName = /^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/;
