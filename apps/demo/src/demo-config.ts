/** Where the cloud is, and who signs people in. The server that serves the page writes it into the page. */
export interface DemoConfig {
  readonly region: string;
  readonly identityPoolId: string;
  readonly tableName: string;
  readonly endpoints: { readonly cognitoIdentity: string; readonly dynamodb: string; readonly sts: string };
  /** URL of the sign-in service, and the name that the identity pool knows it by. */
  readonly issuer: string;
  readonly loginsKey: string;
}
