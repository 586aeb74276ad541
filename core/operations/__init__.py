"""Operations: atomic changes of rows and files that can be undone."""
