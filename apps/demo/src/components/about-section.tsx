export function AboutSection() {
  return (
    <section className="panel-section about" aria-label="About this demo">
      <h3>About</h3>
      <p className="hint">
        Holdfast keeps these notes in this browser and in a DynamoDB table, and keeps the two equal. Here the cloud is
        an emulator on your machine; with a Cognito identity pool and a table of your own, only the addresses change.
      </p>
      <p className="hint">
        Developers: <code>holdfast.client</code>, <code>holdfast.notes</code> and <code>holdfast.compat</code> are in
        the console.
      </p>
    </section>
  );
}
