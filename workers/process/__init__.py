"""What every process has: supervised threads, a start that refuses bad settings, its collector."""
