"""Operations on calls: creating, uploading, reading, and the conversation."""
