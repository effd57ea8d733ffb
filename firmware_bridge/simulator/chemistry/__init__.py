"""What happens in the liquid, as pure functions of composition, time and temperature."""
