"""Where tables live and how sql/ runs."""
