/** The AWS account that everything emulated belongs to. */
export const accountId = "123456789012";
