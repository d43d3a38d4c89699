"""What a person does about the machinery: read again, try again, give up."""
