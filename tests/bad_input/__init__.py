"""Bad input for every form and page: what is sent (`monsters`), where to (`routes`), and what must hold (`drive`)."""
