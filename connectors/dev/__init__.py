"""For development and tests: a local server that speaks Twilio's API, and a phone simulator."""
