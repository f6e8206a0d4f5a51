"""The maps of a study beside reference volumes of the scene."""
