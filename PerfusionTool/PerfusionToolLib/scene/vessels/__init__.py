"""AIF and VOF: where they are taken from, their candidates, and the change from one to another."""
